using Qmtl.WorldService.WorldGraph;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>What the World View Graph needs.</summary>
internal static class WorldGraphServices
{
    public static IServiceCollection AddWorldGraph(this IServiceCollection services) => services.AddSingleton<NodesHandler>().AddSingleton<ValidationsHandler>();
}
