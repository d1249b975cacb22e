using System.Globalization;

// Says what it was given, becomes healthy when told to, and ends with the exit code it is asked for.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
if (Environment.GetEnvironmentVariable("HTTP_PORT") is { } port) builder.WebHost.UseUrls("http://localhost:" + port);
await using var app = builder.Build();

var healthyFile = Environment.GetEnvironmentVariable("HEALTHY_WHEN_FILE");
app.MapGet("/health", () => healthyFile is null || File.Exists(healthyFile) ? Results.Ok() : Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
app.MapGet("/pid", () => Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
app.MapGet("/env/{name}", (string name) => Environment.GetEnvironmentVariable(name) is { } value ? Results.Text(value) : Results.NotFound());
app.MapPost("/exit/{code:int}", (int code) =>
{
    Console.Error.WriteLine("asked to end");
    Environment.Exit(code);
});

Console.WriteLine("hello from the service");
if (Environment.GetEnvironmentVariable("EXIT_CODE") is { } exit) return int.Parse(exit, CultureInfo.InvariantCulture);
await app.RunAsync();
Console.WriteLine("goodbye from the service");
return 0;
