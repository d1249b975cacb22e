using System.Text.Json;

namespace Compat.Aspire.Tests.Model;

public sealed class ManifestTests
{
    [Theory]
    [InlineData("--publisher", "manifest")]
    [InlineData("--step", "publish-manifest")]
    public async Task Publish_EveryKindOfResource_IsWritten(string option, string value)
    {
        var resources = (await PublishAsync(option, value)).GetProperty("resources");

        Assert.Equal("container.v0", Text(resources, "pg", "type"));
        Assert.Equal("docker.io/library/postgres:18.3", Text(resources, "pg", "image"));
        Assert.Equal("Host={pg.bindings.tcp.host};Port={pg.bindings.tcp.port};Username=postgres;Password={pg-password.value}", Text(resources, "pg", "connectionString"));
        Assert.Equal(5432, resources.GetProperty("pg").GetProperty("bindings").GetProperty("tcp").GetProperty("targetPort").GetInt32());
        Assert.Equal("{pg.connectionString};Database=db", Text(resources, "db", "connectionString"));
        Assert.Equal("value.v0", Text(resources, "db", "type"));
        Assert.Equal("docker.io/library/redis:8.6", Text(resources, "cache", "image"));
        Assert.Equal("docker.io/confluentinc/confluent-local:8.2.0", Text(resources, "kafka", "image"));
        Assert.Equal("parameter.v0", Text(resources, "pg-password", "type"));
        var generated = resources.GetProperty("pg-password").GetProperty("inputs").GetProperty("value");
        Assert.True(generated.GetProperty("secret").GetBoolean());
        Assert.Equal(22, generated.GetProperty("default").GetProperty("generate").GetProperty("minLength").GetInt32());
        Assert.Equal("project.v0", Text(resources, "web", "type"));
        Assert.Equal("http2", resources.GetProperty("web").GetProperty("bindings").GetProperty("grpc").GetProperty("transport").GetString());
        Assert.Equal("{web.bindings.http.targetPort}", resources.GetProperty("web").GetProperty("env").GetProperty("HTTP_PORT").GetString());
        Assert.Equal("annotated.string", Text(resources, "pg-password-uri-encoded", "type"));
        Assert.False(resources.TryGetProperty("hidden", out _));
    }

    [RequiresFact(Needs.MarketData)]
    public async Task Publish_ValidatesAgainstThePublishedSchema()
    {
        var file = Path.Combine(Machine.MarketDataFolder!, "aspire-manifest.schema.json");
        using var schema = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        var check = new JsonSchemaCheck(schema.RootElement);
        var manifest = await PublishAsync("--publisher", "manifest");

        Assert.Empty(check.Faults(manifest));

        var broken = JsonElement.Parse("""{"resources":{"x":{"type":"project.v0"}}}""");
        Assert.NotEmpty(check.Faults(broken));
    }

    private static async Task<JsonElement> PublishAsync(string option, string value)
    {
        var folder = Directory.CreateTempSubdirectory("manifest");
        try
        {
            var path = Path.Combine(folder.FullName, "aspire-manifest.json");
            var builder = DistributedApplication.CreateBuilder(["--operation", "publish", option, value, "--output-path", path]);
            Compose(builder);
            await using (var app = builder.Build()) await app.RunAsync().WaitAsync(TimeSpan.FromSeconds(30));
            return JsonElement.Parse(await File.ReadAllTextAsync(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Compose(IDistributedApplicationBuilder builder)
    {
        var database = builder.AddPostgres("pg").WithDataVolume().AddDatabase("db");
        var cache = builder.AddRedis("cache").WithDataVolume();
        var kafka = builder.AddKafka("kafka").WithDataVolume();
        var limit = builder.AddParameter("limit", "5", publishValueAsDefault: true);
        var external = builder.AddConnectionString("external");
        var web = builder.AddProject("web", "none/none.csproj", launchProfileName: null)
            .WithHttpEndpoint(name: "http", env: "HTTP_PORT")
            .WithHttpEndpoint(name: "grpc", env: "GRPC_PORT")
            .WithEndpoint("grpc", endpoint => endpoint.Transport = "http2")
            .WithExternalHttpEndpoints()
            .WithHttpHealthCheck("/health", endpointName: "http")
            .WithReference(database).WithReference(cache).WithReference(kafka).WithReference(external)
            .WithEnvironment("LIMIT", limit)
            .WithReplicas(2)
            .WaitFor(database);
        builder.AddProject("worker", "none/worker.csproj", launchProfileName: null).WithReference(web).WithArgs("--verbose").WaitFor(web);
        builder.AddExecutable("hidden", "tool", ".").ExcludeFromManifest();
    }

    private static string? Text(JsonElement resources, string resource, string property) => resources.GetProperty(resource).GetProperty(property).GetString();
}
