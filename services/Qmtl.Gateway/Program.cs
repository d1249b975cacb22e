var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.ConfigureQmtlEndpoints();
builder.AddGateway();

var app = builder.Build();
app.UseQmtlProblemDetails();
app.UseQmtlAuthentication();
app.MapDefaultEndpoints();
app.MapGateway();
app.Run();
