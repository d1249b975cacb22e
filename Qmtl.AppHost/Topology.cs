using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Qmtl.AppHost;

/// <summary>Where users find the stack, whichever profile it runs in.</summary>
/// <param name="Gateway">The process that serves the Gateway.</param>
/// <param name="Dashboard">The process that serves the dashboard.</param>
/// <param name="DashboardEndpoint">The endpoint of the dashboard in that process.</param>
internal sealed record Topology(IResourceBuilder<ProjectResource> Gateway, IResourceBuilder<ProjectResource> Dashboard, string DashboardEndpoint)
{
    public const string Http = "http";
    public const string Grpc = "grpc";

    public EndpointReference GatewayHttp => Gateway.GetEndpoint(Http);

    public EndpointReference GatewayGrpc => Gateway.GetEndpoint(Grpc);

    public EndpointReference DashboardHttp => Dashboard.GetEndpoint(DashboardEndpoint);
}

/// <summary>What the processes of both profiles have in common.</summary>
internal static class TopologyExtensions
{
    /// <summary>Adds a project of this tree. Its launch profile is for starting it alone.</summary>
    public static IResourceBuilder<ProjectResource> AddQmtlProject(this IDistributedApplicationBuilder builder, string name, string path)
    {
        var project = builder.AddProject(name, path, options => options.ExcludeLaunchProfile = true);
        return builder.ExecutionContext.IsRunMode
            ? project.WithEnvironment("DOTNET_ENVIRONMENT", builder.Environment.EnvironmentName).WithEnvironment("ASPNETCORE_ENVIRONMENT", builder.Environment.EnvironmentName)
            // A container's clients are elsewhere.
            : project.WithEnvironment("BindAddress", "*");
    }

    /// <summary>
    /// Adds an endpoint whose port the process reads from <paramref name="variable"/>. Users find it at <paramref name="port"/>, or where
    /// <paramref name="setting"/> says (0: any free port); null is any free port. Deployed, the port is only the process' own.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithQmtlEndpoint(
        this IResourceBuilder<ProjectResource> project, string name, string variable, int? port = null, string? setting = null)
    {
        var builder = project.ApplicationBuilder;
        if (builder.ExecutionContext.IsPublishMode) return project.WithHttpEndpoint(targetPort: DeployedPort(variable), name: name, env: variable);
        return project.WithHttpEndpoint(port: setting is null ? port : Configured(builder.Configuration, setting, port), name: name, env: variable);
    }

    /// <summary>Says that an endpoint speaks gRPC: HTTP/2 without TLS.</summary>
    public static IResourceBuilder<ProjectResource> AsGrpc(this IResourceBuilder<ProjectResource> project, string name) =>
        project.WithEndpoint(name, endpoint => endpoint.Transport = "http2");

    /// <summary>Adds the sample strategy, so that the stack has something to show.</summary>
    public static IResourceBuilder<ProjectResource> AddSampleStrategy(this IDistributedApplicationBuilder builder, Topology topology)
    {
        var sample = builder.AddQmtlProject("sample-strategy", "../samples/SmaCross/SmaCross.csproj")
            .WithReference(topology.GatewayHttp)
            .WithEnvironment("QMTL_GATEWAY", topology.GatewayHttp)
            // So that it can say how long it took from here to the first decision.
            .WithEnvironment("QMTL_STARTED_AT", StartedAt())
            .WaitFor(topology.Gateway);
        return sample.ExcludeFromManifest();
    }

    private static string StartedAt()
    {
        using var self = Process.GetCurrentProcess();
        return self.StartTime.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
    }

    private static int DeployedPort(string variable) => variable switch
    {
        "GRPC_PORT" => 8001,
        "DASHBOARD_PORT" => 8080,
        _ => 8000,
    };

    private static int? Configured(ConfigurationManager configuration, string setting, int? port) => configuration[setting] switch
    {
        null or "" => port,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= ushort.MaxValue =>
            number == 0 ? null : number,
        var text => throw new DistributedApplicationException($"--{setting} is a port number from 0 (any free one) to 65535, not '{text}'."),
    };
}
