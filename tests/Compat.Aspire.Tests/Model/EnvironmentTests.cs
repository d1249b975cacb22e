namespace Compat.Aspire.Tests.Model;

public sealed class EnvironmentTests
{
    private static IDistributedApplicationBuilder Publishing() =>
        DistributedApplication.CreateBuilder(["--operation", "publish", "--publisher", "manifest", "--output-path", "unused.json"]);

    private static IDistributedApplicationBuilder Running(params string[] args) =>
        DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, DisableDashboard = true });

    private static void Allocate(IResource resource, string endpoint, int port)
    {
        var annotation = resource.Annotations.OfType<EndpointAnnotation>().Single(e => e.Name == endpoint);
        annotation.AllocatedEndpoint = new AllocatedEndpoint(annotation, "localhost", port);
    }

    [Fact]
    public async Task WithReference_PublishedDatabase_GivesExpressionsForConnectionStringAndItsParts()
    {
        var builder = Publishing();
        var database = builder.AddPostgres("postgres").AddDatabase("qmtl", "quant");
        var tool = builder.AddExecutable("tool", "tool", ".").WithReference(database);

        var env = await tool.Resource.GetEnvironmentVariableValuesAsync(DistributedApplicationOperation.Publish);

        Assert.Equal("{qmtl.connectionString}", env["ConnectionStrings__qmtl"]);
        Assert.Equal("{postgres.bindings.tcp.host}", env["QMTL_HOST"]);
        Assert.Equal("{postgres.bindings.tcp.port}", env["QMTL_PORT"]);
        Assert.Equal("postgres", env["QMTL_USERNAME"]);
        Assert.Equal("{postgres-password.value}", env["QMTL_PASSWORD"]);
        Assert.Equal("quant", env["QMTL_DATABASENAME"]);
        Assert.StartsWith("jdbc:postgresql://", env["QMTL_JDBCCONNECTIONSTRING"], StringComparison.Ordinal);
        Assert.EndsWith("/quant", env["QMTL_URI"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task WithReference_RunningServers_GivesTheShapesThatClientsRead()
    {
        var builder = Running("--Parameters:secret=pass word");
        var secret = builder.AddParameter("secret", secret: true);
        var postgres = builder.AddPostgres("pg", password: secret);
        var redis = builder.AddRedis("cache", password: secret);
        var kafka = builder.AddKafka("kafka");
        var tool = builder.AddExecutable("tool", "tool", ".").WithReference(postgres.AddDatabase("db")).WithReference(redis).WithReference(kafka);
        Allocate(postgres.Resource, "tcp", 15432);
        Allocate(redis.Resource, "tcp", 16379);
        Allocate(kafka.Resource, "tcp", 19092);

        var env = await tool.Resource.GetEnvironmentVariableValuesAsync();

        Assert.Equal("Host=localhost;Port=15432;Username=postgres;Password=pass word;Database=db", env["ConnectionStrings__db"]);
        Assert.Equal("postgresql://postgres:pass%20word@localhost:15432/db", env["DB_URI"]);
        Assert.Equal("localhost:16379,password=pass word", env["ConnectionStrings__cache"]);
        Assert.Equal("redis://:pass%20word@localhost:16379", env["CACHE_URI"]);
        Assert.Equal("localhost:19092", env["ConnectionStrings__kafka"]);
        Assert.Equal("19092", env["KAFKA_PORT"]);
    }

    [Fact]
    public async Task WithReference_Project_GivesServiceDiscoveryAndShortForms()
    {
        var builder = Running();
        var server = builder.AddProject("world-service", "none.csproj", launchProfileName: null)
            .WithHttpEndpoint(name: "http", env: "HTTP_PORT").WithHttpEndpoint(name: "grpc", env: "GRPC_PORT");
        var whole = builder.AddExecutable("whole", "tool", ".").WithReference(server);
        var part = builder.AddExecutable("part", "tool", ".").WithReference(server.GetEndpoint("grpc"));
        Allocate(server.Resource, "http", 5000);
        Allocate(server.Resource, "grpc", 5001);

        var all = await whole.Resource.GetEnvironmentVariableValuesAsync();
        var one = await part.Resource.GetEnvironmentVariableValuesAsync();

        Assert.Equal("http://localhost:5000", all["services__world-service__http__0"]);
        Assert.Equal("http://localhost:5001", all["services__world-service__grpc__0"]);
        Assert.Equal("http://localhost:5000", all["WORLD_SERVICE_HTTP"]);
        Assert.Equal("http://localhost:5001", all["WORLD_SERVICE_GRPC"]);
        Assert.Equal("http://localhost:5001", one["services__world-service__grpc__0"]);
        Assert.DoesNotContain("services__world-service__http__0", one.Keys);
    }

    [Fact]
    public async Task WithHttpEndpoint_WithEnv_TellsThePortThereAndLeavesUrlsAlone()
    {
        var builder = Running();
        var named = builder.AddProject("named", "none.csproj", launchProfileName: null).WithHttpEndpoint(env: "HTTP_PORT");
        var plain = builder.AddProject("plain", "none.csproj", launchProfileName: null).WithHttpEndpoint();
        Allocate(named.Resource, "http", 5000);
        Allocate(plain.Resource, "http", 5002);

        var env = await named.Resource.GetEnvironmentVariableValuesAsync();
        Assert.Equal("5000", env["HTTP_PORT"]);
        Assert.DoesNotContain("ASPNETCORE_URLS", env.Keys);
        Assert.Equal("http://localhost:5002", (await plain.Resource.GetEnvironmentVariableValuesAsync())["ASPNETCORE_URLS"]);
    }

    [Fact]
    public async Task Project_Published_ListensOnThePortsOfItsBindings()
    {
        var builder = Publishing();
        var project = builder.AddProject("web", "none.csproj", launchProfileName: null).WithHttpEndpoint().WithHttpEndpoint(name: "admin");

        var env = await project.Resource.GetEnvironmentVariableValuesAsync(DistributedApplicationOperation.Publish);

        Assert.Equal("{web.bindings.http.targetPort};{web.bindings.admin.targetPort}", env["HTTP_PORTS"]);
        Assert.Equal("true", env["ASPNETCORE_FORWARDEDHEADERS_ENABLED"]);
        Assert.Equal("in_memory", env["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"]);
        Assert.DoesNotContain("OTEL_SERVICE_NAME", env.Keys);
    }

    [Fact]
    public async Task Project_WithReceiverInDevelopment_IsToldWhereAndHowToExport()
    {
        var builder = Running("--environment", "Development", "--ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "http://localhost:4317", "--AppHost:OtlpApiKey", "key");
        var project = builder.AddProject("web", "none.csproj", launchProfileName: null);

        var env = await project.Resource.GetEnvironmentVariableValuesAsync();

        Assert.Equal("grpc", env["OTEL_EXPORTER_OTLP_PROTOCOL"]);
        Assert.Equal("x-otlp-api-key=key", env["OTEL_EXPORTER_OTLP_HEADERS"]);
        Assert.StartsWith("service.instance.id=", env["OTEL_RESOURCE_ATTRIBUTES"], StringComparison.Ordinal);
        Assert.Equal("1000", env["OTEL_METRIC_EXPORT_INTERVAL"]);
        Assert.Equal("always_on", env["OTEL_TRACES_SAMPLER"]);
    }

    [Fact]
    public async Task WithEnvironment_EveryKindOfValue_IsResolved()
    {
        var builder = Running("--Parameters:limit=7");
        var limit = builder.AddParameter("limit");
        var server = builder.AddExecutable("server", "tool", ".").WithHttpEndpoint(name: "http");
        var tool = builder.AddExecutable("tool", "tool", ".")
            .WithEnvironment("TEXT", "a {brace}")
            .WithEnvironment("PARAMETER", limit)
            .WithEnvironment("ENDPOINT", server.GetEndpoint("http"))
            .WithEnvironment("PORT", $"{server.GetEndpoint("http").Property(EndpointProperty.Port)}/{limit}/{{x}}")
            .WithEnvironment("LATE", () => "late")
            .WithEnvironment(context => context.EnvironmentVariables["CALLBACK"] = context.ExecutionContext.IsRunMode ? "run" : "publish");
        Allocate(server.Resource, "http", 5000);

        var env = await tool.Resource.GetEnvironmentVariableValuesAsync();

        Assert.Equal(
            ["a {brace}", "7", "http://localhost:5000", "5000/7/{x}", "late", "run"],
            new[] { "TEXT", "PARAMETER", "ENDPOINT", "PORT", "LATE", "CALLBACK" }.Select(name => env[name]));
    }

    [Fact]
    public async Task WithReference_MissingConnectionString_IsRefusedUnlessOptional()
    {
        var builder = Running("--ConnectionStrings:given=here");
        var given = builder.AddExecutable("a", "tool", ".").WithReference(builder.AddConnectionString("given"));
        var missing = builder.AddConnectionString("missing");
        var strict = builder.AddExecutable("b", "tool", ".").WithReference(missing);
        var lax = builder.AddExecutable("c", "tool", ".").WithReference(missing, optional: true);

        Assert.Equal("here", (await given.Resource.GetEnvironmentVariableValuesAsync())["ConnectionStrings__given"]);
        var refusal = await Assert.ThrowsAnyAsync<DistributedApplicationException>(async () => await strict.Resource.GetEnvironmentVariableValuesAsync());
        Assert.Contains("missing", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ConnectionStrings__missing", (await lax.Resource.GetEnvironmentVariableValuesAsync()).Keys);
    }
}
