var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.ConfigureQmtlEndpoints();
builder.AddDagManager();

var app = builder.Build();
app.UseQmtlProblemDetails();
app.UseQmtlAuthentication();
app.MapDefaultEndpoints();
app.MapDagManager();
app.MapDagManagerHttp();
app.Run();
