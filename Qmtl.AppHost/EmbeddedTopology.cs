namespace Qmtl.AppHost;

/// <summary>The whole stack in one process on embedded stores.</summary>
internal static class EmbeddedTopology
{
    private const string Dashboard = "dashboard";

    public static Topology Compose(IDistributedApplicationBuilder builder)
    {
        var folder = builder.Configuration["data-dir"] ?? Path.Combine(builder.AppHostDirectory, ".qmtl", "embedded");
        var standalone = builder.AddQmtlProject("qmtl", "../services/Qmtl.Standalone/Qmtl.Standalone.csproj")
            .WithQmtlEndpoint(Topology.Http, "HTTP_PORT", 8000, "http-port")
            .WithQmtlEndpoint(Topology.Grpc, "GRPC_PORT", 8001, "grpc-port")
            .WithQmtlEndpoint(Dashboard, "DASHBOARD_PORT", 8080, "dashboard-port")
            .AsGrpc(Topology.Grpc)
            .WithEnvironment("Storage__Directory", Path.GetFullPath(folder))
            .WithHttpHealthCheck("/health", endpointName: Topology.Http);
        return new Topology(standalone, standalone, Dashboard);
    }
}
