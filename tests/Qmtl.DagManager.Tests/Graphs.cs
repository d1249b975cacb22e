using System.Globalization;
using Google.Protobuf;
using Qmtl.DagManager.Diff;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.DagManager.Tests;

/// <summary>Small graphs with true identities.</summary>
internal static class Graphs
{
    public const string World = "w1";

    public static NodeSpec Price(string tag = "btc", int interval = 60) => Seal(new NodeSpec { NodeType = "StreamInput", Interval = interval, Tags = [tag], Name = "price" });

    /// <summary>An operator on <paramref name="upstream"/>.</summary>
    public static NodeSpec Sma(NodeSpec upstream, int period, string schema = "s1") => Seal(new NodeSpec
    {
        NodeType = "Sma",
        Interval = upstream.Interval,
        Period = period,
        Dependencies = [upstream.NodeId!],
        Tags = ["indicator", "sma"],
        SchemaHash = schema,
    });

    /// <summary>A price and <paramref name="periods"/> averages of it.</summary>
    public static NodeSpec[] Chain(params int[] periods)
    {
        var price = Price();
        return [price, .. periods.Select(period => Sma(price, period))];
    }

    public static Identity.ComputeContext Context(string world = World, ExecutionDomain domain = ExecutionDomain.Backtest) => new(world, domain, AsOf: "2026-01-01T00:00:00Z");

    public static DiffSubmission Submission(IReadOnlyList<NodeSpec> nodes, Identity.ComputeContext? context = null, string strategy = "s") => new(strategy, nodes, context ?? Context(), "v1");

    public static DiffRequest Request(string strategy, IEnumerable<NodeSpec> nodes, string world = World, string domain = "backtest") => new()
    {
        StrategyId = strategy,
        DagJson = ByteString.CopyFrom(NodeDocument.Write(nodes)),
        WorldId = world,
        ExecutionDomain = domain,
        AsOf = "2026-01-01T00:00:00Z",
    };

    /// <summary>What the graph holds after <paramref name="plans"/> were written.</summary>
    public static GraphSnapshot After(params DiffPlan[] plans)
    {
        var queues = new Dictionary<(string, string), KnownQueue>();
        foreach (var node in plans.SelectMany(plan => plan.Nodes).Where(node => node.CreatesQueue))
            queues.Add((node.NodeId, node.ComputeKey), new KnownQueue { NodeId = node.NodeId, ComputeKey = node.ComputeKey, Topic = node.Topic, SchemaHash = node.Node.SchemaHash! });
        return new GraphSnapshot(
            plans.SelectMany(plan => plan.Nodes).Select(node => node.NodeId).ToHashSet(StringComparer.Ordinal),
            queues,
            queues.Values.Select(queue => queue.Topic).ToHashSet(StringComparer.Ordinal));
    }

    public static GraphSnapshot Empty { get; } = After();

    private static NodeSpec Seal(NodeSpec node) => (node with
    {
        CodeHash = string.Create(CultureInfo.InvariantCulture, $"code-{node.NodeType}"),
        SchemaHash = node.SchemaHash ?? "s1",
        SchemaCompatId = "compat-1",
    }).Seal();
}
