using Microsoft.Extensions.Hosting;

// The first argument says which servers there are beside the service.
var builder = DistributedApplication.CreateBuilder(args);
var service = builder.AddProject("service", "../Compat.Aspire.TestService/Compat.Aspire.TestService.csproj", launchProfileName: null)
    .WithHttpEndpoint(env: "HTTP_PORT")
    .WithHttpHealthCheck("/health");
if (args.Contains("postgres"))
{
    var database = builder.AddPostgres("pg").WithDataVolume().AddDatabase("db");
    service.WithReference(database).WaitFor(database);
}

if (args.Contains("redis")) service.WithReference(builder.AddRedis("cache"));
builder.AddExecutable("family", "/bin/sh", ".", "-c", "sleep 1000 & sleep 1000").WithEnvironment("MARK", "family");

await using var app = builder.Build();
await app.StartAsync();
await app.ResourceNotifications.WaitForResourceHealthyAsync("service");
Console.WriteLine("READY " + service.GetEndpoint("http").Url);
await app.WaitForShutdownAsync();
await app.StopAsync();
Console.WriteLine("ENDED");
