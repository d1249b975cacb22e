using Qmtl.Bench.Measuring;
using Qmtl.DagManager.Graph;
using Qmtl.DagManager.Queues;
using Qmtl.DagManager.TagQueries;

namespace Qmtl.Bench.Diff;

/// <summary>Tag queries over the graph in memory, against a scan over the same queues.</summary>
internal static class TagQueryContest
{
    private const int Questions = 200;

    public static Contest Create(Scale scale)
    {
        var graph = new GraphState();
        var queues = Fill(graph, scale switch { Scale.Full => 10_000, Scale.Quick => 10_000, _ => 400 });
        var queries = Queries(queues);
        return new Contest(
            queries.Length,
            () => [.. queries.Select(query => (double)Scan(queues, query))],
            () =>
            {
                var found = new double[queries.Length];
                for (var i = 0; i < queries.Length; i++) found[i] = graph.Tags.Find(queries[i]).Count;
                return found;
            },
            Tolerance: 0);
    }

    private static QueueEntry[] Fill(GraphState graph, int nodes)
    {
        var context = ContextEntry.Of(1, SampleGraph.Context);
        var queues = SampleGraph.Create(nodes, 0).Select((node, i) => new QueueEntry
        {
            Key = i,
            Node = new NodeEntry(i, node.NodeId!, node.NodeType!, node.Interval),
            Context = context,
            Topic = TopicNames.FirstFree(node, SampleGraph.Context, "v1", _ => false),
            Tags = [.. node.Tags.Order(StringComparer.Ordinal)],
            Version = "v1",
            SchemaHash = node.SchemaHash!,
        }).ToArray();
        graph.Apply(new GraphChange(1, queues, []));
        return queues;
    }

    // Half ask for an instrument's queues, half for those of one operator on it.
    private static TagQuery[] Queries(QueueEntry[] queues)
    {
        var random = new Random(7);
        return
        [
            .. Enumerable.Range(0, Questions).Select(i =>
            {
                var queue = queues[random.Next(queues.Length)];
                return i % 2 == 0
                    ? new TagQuery([queue.Tags.First(tag => tag.StartsWith("s0-", StringComparison.Ordinal))], queue.Node.Interval, TagMatch.Any, SampleGraph.World, SampleGraph.Context.Domain)
                    : new TagQuery(queue.Tags, queue.Node.Interval, TagMatch.All, SampleGraph.World, SampleGraph.Context.Domain);
            }),
        ];
    }

    private static int Scan(QueueEntry[] queues, TagQuery query)
    {
        var found = new List<QueueEntry>();
        foreach (var queue in queues)
        {
            if (queue.Node.Interval != query.Interval || queue.Context.Domain != query.Domain || queue.Context.WorldId != query.WorldId) continue;
            if (query.Match == TagMatch.All ? queue.Carries(query.Tags) : queue.Carries([query.Tags[0]])) found.Add(queue);
        }

        found.Sort(static (a, b) => string.CompareOrdinal(a.Topic, b.Topic));
        return found.Count;
    }
}
