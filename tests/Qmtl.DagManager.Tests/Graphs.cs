using System.Globalization;
using Google.Protobuf;
using Qmtl.DagManager.Diff;
using Qmtl.DagManager.Graph;
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

    /// <summary>What the graph holds after <paramref name="plans"/> were written, one after the other.</summary>
    public static GraphState After(params DiffPlan[] plans)
    {
        var graph = new GraphState();
        foreach (var plan in plans) Write(graph, plan);
        return graph;
    }

    /// <summary>Plans a submission and writes what it adds.</summary>
    public static DiffPlan Diff(GraphState graph, DiffSubmission submission)
    {
        var plan = DiffPlanner.Plan(submission, graph);
        Write(graph, plan);
        return plan;
    }

    private static void Write(GraphState graph, DiffPlan plan)
    {
        var key = 1 + (1_000L * (graph.Revision + 1));
        var revision = graph.Revision + 1;
        var context = plan.Context ?? ContextEntry.Of(key++, plan.Submission.Context);
        var queues = new List<QueueEntry>();
        foreach (var planned in plan.Nodes)
        {
            if (planned.Queue is { } queue)
            {
                if (planned.ChangesQueue) queues.Add(queue with { Tags = planned.Tags, SchemaHash = planned.Node.SchemaHash!, BufferingSince = planned.StartsBuffering ? DateTimeOffset.UnixEpoch : queue.BufferingSince, Revision = revision });
                continue;
            }

            queues.Add(new QueueEntry
            {
                Key = key++,
                Node = planned.Entry ?? new NodeEntry(key++, planned.NodeId, planned.Node.NodeType!, planned.Node.Interval),
                Context = context,
                Topic = planned.Topic,
                Tags = planned.Tags,
                Version = plan.Submission.Version,
                SchemaHash = planned.Node.SchemaHash!,
                Revision = revision,
            });
        }

        graph.Apply(new GraphChange(revision, queues, []));
    }

    private static NodeSpec Seal(NodeSpec node) => (node with
    {
        CodeHash = string.Create(CultureInfo.InvariantCulture, $"code-{node.NodeType}"),
        SchemaHash = node.SchemaHash ?? "s1",
        SchemaCompatId = "compat-1",
    }).Seal();
}
