using Qmtl.DagManager.Diff;
using Qmtl.DagManager.Graph;
using Qmtl.DagManager.Snapshots;
using Qmtl.DagManager.TagQueries;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The graph, its copy in memory, diffs and tag queries.</summary>
internal static class GraphServices
{
    public static IServiceCollection AddGraph(this IServiceCollection services)
    {
        services.AddSingleton<GraphIndex>();
        services.AddSingleton<GraphKeys>();
        services.AddSingleton<DiffEngine>();
        services.AddSingleton<DiffAcknowledgements>();
        services.AddSingleton<TagSubscriptions>();
        services.AddSingleton<TagQueryHandler>();
        services.AddSingleton<QueueUpdateSignal>();
        services.AddSingleton<SubgraphReader>();
        services.AddSingleton<SnapshotHandler>();
        services.AddHostedService<GraphFollower>();
        services.AddHostedService<QueueUpdates>();
        return services;
    }
}
