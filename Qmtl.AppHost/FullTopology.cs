namespace Qmtl.AppHost;

/// <summary>Every service a process of its own, on Postgres and Redis, and on Kafka where there is one.</summary>
internal static class FullTopology
{
    // The services know one database, whatever the server behind it is called.
    private const string Database = "qmtl";

    public static Topology Compose(IDistributedApplicationBuilder builder, AppHostProfile profile)
    {
        var database = AddDatabase(builder, profile);
        var redis = AddRedis(builder, profile);
        var kafka = AddKafka(builder, profile);

        var world = AddService("worldservice", "Qmtl.WorldService");
        var dag = AddService("dagmanager", "Qmtl.DagManager");
        var gateway = AddService("gateway", "Qmtl.Gateway", 8000, 8001)
            .WithReference(world).WaitFor(world)
            .WithReference(dag).WaitFor(dag)
            .WithExternalHttpEndpoints();
        // Container Apps takes one external port; the Gateway's is the one for HTTP/1.1.
        gateway.WithEndpoint(Topology.Grpc, endpoint => endpoint.IsExternal = false);
        var dashboard = builder.AddQmtlProject("dashboard", "../services/Qmtl.Dashboard/Qmtl.Dashboard.csproj")
            .WithQmtlEndpoint(Topology.Http, "HTTP_PORT", 8080, "dashboard-port")
            .WithQmtlEndpoint(Topology.Grpc, "GRPC_PORT")
            .AsGrpc(Topology.Grpc)
            .WithReference(gateway).WaitFor(gateway)
            .WithExternalHttpEndpoints()
            .WithHttpHealthCheck("/health", endpointName: Topology.Http);
        dashboard.WithEndpoint(Topology.Grpc, endpoint => endpoint.IsExternal = false);
        return new Topology(gateway, dashboard, Topology.Http);

        IResourceBuilder<ProjectResource> AddService(string name, string project, int? httpPort = null, int? grpcPort = null)
        {
            var service = builder.AddQmtlProject(name, $"../services/{project}/{project}.csproj")
                .WithQmtlEndpoint(Topology.Http, "HTTP_PORT", httpPort, httpPort is null ? null : "http-port")
                .WithQmtlEndpoint(Topology.Grpc, "GRPC_PORT", grpcPort, grpcPort is null ? null : "grpc-port")
                .AsGrpc(Topology.Grpc)
                .WithReference(database, Database).WaitFor(database)
                .WithReference(redis).WaitFor(redis)
                .WithHttpHealthCheck("/health", endpointName: Topology.Http);
            return kafka is null ? service : service.WithReference(kafka).WaitFor(kafka);
        }
    }

    private static IResourceBuilder<IResourceWithConnectionString> AddDatabase(IDistributedApplicationBuilder builder, AppHostProfile profile)
    {
        if (profile.Given.Contains(AppHostProfile.Postgres)) return builder.AddConnectionString(AppHostProfile.Postgres);
        var server = builder.AddPostgres(AppHostProfile.Postgres);
        // Deployed to Container Apps, Postgres cannot keep its data on a volume.
        if (builder.ExecutionContext.IsRunMode) server.WithDataVolume();
        return server.AddDatabase(Database);
    }

    // What Redis holds can be rebuilt from the database, so it keeps nothing.
    private static IResourceBuilder<IResourceWithConnectionString> AddRedis(IDistributedApplicationBuilder builder, AppHostProfile profile) =>
        profile.Given.Contains(AppHostProfile.Redis) ? builder.AddConnectionString(AppHostProfile.Redis) : builder.AddRedis(AppHostProfile.Redis);

    // Without a broker the log in the database is the bus.
    private static IResourceBuilder<IResourceWithConnectionString>? AddKafka(IDistributedApplicationBuilder builder, AppHostProfile profile)
    {
        if (profile.Given.Contains(AppHostProfile.Kafka)) return builder.AddConnectionString(AppHostProfile.Kafka);
        return profile.HasContainers ? builder.AddKafka(AppHostProfile.Kafka) : null;
    }
}
