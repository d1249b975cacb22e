using Qmtl.Gateway.Health;

namespace Qmtl.Gateway.NodeStreams;

/// <summary>Puts shared compute into a host.</summary>
internal static class NodeStreamsServices
{
    /// <summary>Adds sessions and values.</summary>
    public static IServiceCollection AddNodeStreams(this IServiceCollection services) =>
        services.AddSingleton<SharedComputeMetrics>().AddSingleton<SessionHandler>().AddSingleton<ValuesHandler>().AddSingleton<NodeStreamsService>();

    /// <summary>Maps its rpcs and their HTTP routes.</summary>
    public static IEndpointRouteBuilder MapNodeStreams(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGrpcService<NodeStreamsService>();
        endpoints.MapRpcJson<NodeStreamsService>(V1.NodeStreams.Descriptor, options => options.GuardStatic(endpoints, V1.NodeStreams.Descriptor));
        return endpoints;
    }
}
