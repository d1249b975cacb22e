using System.Text.Json;

namespace Qmtl.AppHost.Tests;

public sealed class ManifestTests
{
    [Fact]
    public async Task Manifest_HasTheDeployableResources()
    {
        var resources = (await PublishAsync()).GetProperty("resources");
        var types = resources.EnumerateObject().ToDictionary(resource => resource.Name, resource => resource.Value.GetProperty("type").GetString(), StringComparer.Ordinal);

        Assert.Equal("container.v0", types["postgres"]);
        Assert.Equal("value.v0", types["qmtl"]);
        Assert.Equal("container.v0", types["redis"]);
        Assert.Equal("container.v0", types["kafka"]);
        Assert.All(["worldservice", "dagmanager", "gateway", "dashboard"], service => Assert.Equal("project.v0", types[service]));
        Assert.DoesNotContain("sample-strategy", types.Keys);
        Assert.Equal(
            """{"http":{"scheme":"http","protocol":"tcp","transport":"http","targetPort":8000,"external":true},"grpc":{"scheme":"http","protocol":"tcp","transport":"http2","targetPort":8001}}""",
            JsonSerializer.Serialize(resources.GetProperty("gateway").GetProperty("bindings")));
    }

    [RequiresFact(Needs.MarketData)]
    public async Task Manifest_ValidatesAgainstThePublishedSchema()
    {
        using var schema = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Machine.MarketDataFolder!, "aspire-manifest.schema.json")));
        Assert.Empty(new JsonSchemaCheck(schema.RootElement).Faults(await PublishAsync()));
    }

    private static async Task<JsonElement> PublishAsync()
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-manifest");
        try
        {
            var path = Path.Combine(folder.FullName, "aspire-manifest.json");
            var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
            {
                Args = ["--operation", "publish", "--publisher", "manifest", "--output-path", path],
                AssemblyName = "Qmtl.AppHost",
            });
            var profile = AppHostProfile.Choose(builder, () => false);
            builder.AddSampleStrategy(FullTopology.Compose(builder, profile));
            await using (var app = builder.Build()) await app.RunAsync().WaitAsync(TimeSpan.FromSeconds(30));
            return JsonElement.Parse(await File.ReadAllTextAsync(path));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
