var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.ConfigureQmtlEndpoints();
builder.AddWorldService();

var app = builder.Build();
app.UseQmtlProblemDetails();
app.UseQmtlAuthentication();
app.MapDefaultEndpoints();
app.MapWorldService();
app.MapWorldServiceJson();
app.Run();
