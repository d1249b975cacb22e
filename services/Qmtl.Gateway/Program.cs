var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.ConfigureQmtlEndpoints();
builder.AddGateway();

var app = builder.Build();
app.UseQmtlProblemDetails();
app.MapDefaultEndpoints();
app.MapGateway();
app.Run();
