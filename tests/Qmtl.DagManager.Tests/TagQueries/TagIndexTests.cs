using FsCheck;
using FsCheck.Fluent;
using Qmtl.DagManager.Graph;
using Qmtl.DagManager.TagQueries;
using Qmtl.Identity;

namespace Qmtl.DagManager.Tests.TagQueries;

/// <summary>The index against a plain scan.</summary>
public sealed class TagIndexTests
{
    private static readonly string[] Tags = ["a", "b", "c", "d", "e"];
    private static readonly string[] Worlds = ["", "w1", "w2"];

    [Fact]
    public void Find_AnyQueuesAddedAndRemoved_IsWhatAScanFinds() => Prop.ForAll(Gen.Choose(0, 1_000_000).ToArbitrary(), seed =>
    {
        var random = new Random(seed);
        var graph = new GraphState();
        var there = new List<QueueEntry>();
        for (var step = 1; step <= 60; step++)
        {
            if (there.Count > 0 && random.Next(4) == 0)
            {
                var gone = there[random.Next(there.Count)];
                there.Remove(gone);
                graph.Apply(new GraphChange(step, [], [gone.Key]));
                continue;
            }

            var queue = Queue(random, step);
            there.Add(queue);
            graph.Apply(new GraphChange(step, [queue], []));
        }

        for (var question = 0; question < 20; question++)
        {
            var query = Query(random);
            Assert.Equal(Scan(there, query), graph.Tags.Find(query).Select(queue => queue.Topic));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Find_QueueRenamed_ShowsTheNewNameOnly()
    {
        var graph = new GraphState();
        var queue = Queue(new Random(1), 1) with { Tags = ["a"] };
        graph.Apply(new GraphChange(1, [queue], []));
        graph.Apply(new GraphChange(2, [queue with { Topic = "renamed" }], []));

        var found = graph.Tags.Find(new TagQuery(["a"], queue.Node.Interval, TagMatch.Any, "", ExecutionDomain.Backtest));

        Assert.Equal(["renamed"], found.Select(each => each.Topic));
    }

    private static QueueEntry Queue(Random random, int number) => new()
    {
        Key = number,
        Node = new NodeEntry(1_000 + number, $"n{number}", "Sma", random.Next(2) == 0 ? 60 : 300),
        Context = new ContextEntry(number, Worlds[random.Next(Worlds.Length)], random.Next(2) == 0 ? ExecutionDomain.Backtest : ExecutionDomain.Live, $"t{number}", ""),
        Topic = $"{(char)('a' + random.Next(26))}{number}",
        Tags = [.. Tags.Where(_ => random.Next(2) == 0)],
        Version = "v1",
        SchemaHash = "s",
    };

    private static TagQuery Query(Random random) => new(
        [.. Tags.OrderBy(_ => random.Next()).Take(random.Next(1, 4)).Order(StringComparer.Ordinal)],
        random.Next(2) == 0 ? 60 : 300,
        random.Next(2) == 0 ? TagMatch.All : TagMatch.Any,
        Worlds[random.Next(Worlds.Length)],
        random.Next(2) == 0 ? ExecutionDomain.Backtest : ExecutionDomain.Live);

    private static IEnumerable<string> Scan(IEnumerable<QueueEntry> queues, TagQuery query) => queues
        .Where(queue => queue.Node.Interval == query.Interval)
        .Where(queue => query.WorldId.Length == 0 || queue.Context.WorldId.Length == 0 || (queue.Context.WorldId == query.WorldId && queue.Context.Domain == query.Domain))
        .Where(queue => query.Match == TagMatch.All ? query.Tags.All(queue.Tags.Contains) : query.Tags.Any(queue.Tags.Contains))
        .Select(queue => queue.Topic)
        .Order(StringComparer.Ordinal);
}
