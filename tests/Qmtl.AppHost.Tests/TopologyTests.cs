namespace Qmtl.AppHost.Tests;

public sealed class TopologyTests
{
    private static (IDistributedApplicationBuilder Builder, Topology Topology) Compose(params string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, AssemblyName = "Qmtl.AppHost", DisableDashboard = true });
        var profile = AppHostProfile.Choose(builder, () => false);
        var topology = profile.IsFull ? FullTopology.Compose(builder, profile) : EmbeddedTopology.Compose(builder);
        builder.AddSampleStrategy(topology);
        return (builder, topology);
    }

    private static T Find<T>(IDistributedApplicationBuilder builder, string name)
        where T : IResource => builder.Resources.OfType<T>().Single(resource => resource.Name == name);

    private static IEnumerable<string> Waits(IDistributedApplicationBuilder builder, string name) =>
        Find<ProjectResource>(builder, name).Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    [Fact]
    public void Embedded_IsOneProcessWithTheFixedPorts()
    {
        var (builder, _) = Compose("--profile", "embedded");

        var process = Find<ProjectResource>(builder, "qmtl");
        var endpoints = process.Annotations.OfType<EndpointAnnotation>().ToDictionary(e => e.Name, StringComparer.Ordinal);
        Assert.Equal((8000, 8001, 8080), (endpoints["http"].Port, endpoints["grpc"].Port, endpoints["dashboard"].Port));
        Assert.Equal("http2", endpoints["grpc"].Transport);
        Assert.Equal(["qmtl"], Waits(builder, "sample-strategy"));
        Assert.Equal(2, builder.Resources.Count);
    }

    [Fact]
    public void Embedded_OtherPorts_AreTakenFromTheCommandLine()
    {
        var (builder, _) = Compose("--profile", "embedded", "--http-port", "0", "--grpc-port", "9001", "--dashboard-port", "9080");
        var ports = Find<ProjectResource>(builder, "qmtl").Annotations.OfType<EndpointAnnotation>().Select(e => e.Port);
        Assert.Equal([null, 9001, 9080], ports);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("70000")]
    [InlineData("http")]
    public void Embedded_BadPort_IsRefusedNamingTheOption(string port)
    {
        var refusal = Assert.Throws<DistributedApplicationException>(() => Compose("--profile", "embedded", "--http-port=" + port));
        Assert.Contains("--http-port", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Full_WaitsFollowTheDependencies()
    {
        var (builder, _) = Compose("--profile", "full");
        Assert.Equal(["postgres", "qmtl", "redis"], Waits(builder, "worldservice"));
        Assert.Equal(["postgres", "qmtl", "redis"], Waits(builder, "dagmanager"));
        Assert.Equal(["dagmanager", "postgres", "qmtl", "redis", "worldservice"], Waits(builder, "gateway"));
        Assert.Equal(["gateway"], Waits(builder, "dashboard"));
        Assert.Equal(["gateway"], Waits(builder, "sample-strategy"));
    }

    [Fact]
    public async Task Full_GatewayFindsDatabaseAndServicesByName()
    {
        var (builder, _) = Compose("--operation", "publish", "--publisher", "manifest", "--output-path", "unused.json");

        var env = await Find<ProjectResource>(builder, "gateway").GetEnvironmentVariableValuesAsync(DistributedApplicationOperation.Publish);

        Assert.Equal("{qmtl.connectionString}", env["ConnectionStrings__qmtl"]);
        Assert.Equal("{redis.connectionString}", env["ConnectionStrings__redis"]);
        Assert.Equal("{worldservice.bindings.grpc.url}", env["services__worldservice__grpc__0"]);
        Assert.Equal("{dagmanager.bindings.grpc.url}", env["services__dagmanager__grpc__0"]);
        Assert.Equal("{gateway.bindings.http.targetPort}", env["HTTP_PORT"]);
        Assert.Equal("{gateway.bindings.grpc.targetPort}", env["GRPC_PORT"]);
    }

    [Fact]
    public void Full_GivenPostgres_IsUsedUnderTheServicesOwnName()
    {
        var (builder, _) = Compose("--ConnectionStrings:postgres", "Host=elsewhere;Database=mine");
        Assert.Empty(builder.Resources.OfType<PostgresServerResource>());
        Assert.Contains(builder.Resources, resource => resource is IResourceWithConnectionString { Name: "postgres" });
    }

    [Fact]
    public void Full_OnlyTheGatewaysAndDashboardsHttpIsExternal()
    {
        var (builder, _) = Compose("--operation", "publish", "--publisher", "manifest", "--output-path", "unused.json");
        var external = builder.Resources
            .SelectMany(resource => resource.Annotations.OfType<EndpointAnnotation>().Where(e => e.IsExternal).Select(e => $"{resource.Name}:{e.Name}"));
        Assert.Equal(["gateway:http", "dashboard:http"], external);
    }
}
