using Qmtl.Dashboard;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.ConfigureQmtlEndpoints();
builder.AddDashboard();

var app = builder.Build();
app.UseQmtlProblemDetails();
app.UseQmtlAuthentication();
app.MapDefaultEndpoints();
app.MapDashboard();
app.Run();
