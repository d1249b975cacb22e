using FsCheck;
using FsCheck.Fluent;
using Qmtl.DagManager.Diff;
using Qmtl.DagManager.Graph;
using Qmtl.Identity;

namespace Qmtl.DagManager.Tests.Diff;

public sealed class DiffPlannerTests
{
    [Fact]
    public void Plan_EmptyGraph_CreatesAQueueForEachNode()
    {
        var nodes = Graphs.Chain(10, 20);

        var plan = DiffPlanner.Plan(Graphs.Submission(nodes), Graphs.After());

        Assert.Equal(nodes.Select(node => node.NodeId), plan.Nodes.Select(node => node.NodeId));
        Assert.All(plan.Nodes, node => Assert.Equal(DiffCase.New, node.Case));
        Assert.Equal(3, plan.Nodes.Select(node => node.Topic).Distinct().Count());
        Assert.True(plan.Changes);
    }

    [Fact]
    public void Plan_SameSubmissionAgain_ReusesEveryQueueAndChangesNothing()
    {
        var submission = Graphs.Submission(Graphs.Chain(10, 20));
        var first = DiffPlanner.Plan(submission, Graphs.After());

        var second = DiffPlanner.Plan(submission, Graphs.After(first));

        Assert.False(second.Changes);
        Assert.All(second.Nodes, node => Assert.Equal(DiffCase.Reuse, node.Case));
        Assert.Equal(first.Nodes.Select(node => node.Topic), second.Nodes.Select(node => node.Topic));
    }

    [Fact]
    public void Plan_OverlappingSubmission_AddsOnlyWhatIsNew()
    {
        var first = DiffPlanner.Plan(Graphs.Submission(Graphs.Chain(10, 20)), Graphs.After());

        var second = DiffPlanner.Plan(Graphs.Submission(Graphs.Chain(20, 30), strategy: "t"), Graphs.After(first));

        Assert.Equal([DiffCase.Reuse, DiffCase.Reuse, DiffCase.New], second.Nodes.Select(node => node.Case));
        Assert.Equal(first.Nodes[2].Topic, second.Nodes[1].Topic);
    }

    [Theory]
    [InlineData("w2", ExecutionDomain.Backtest)]
    [InlineData(Graphs.World, ExecutionDomain.Live)]
    public void Plan_KnownNodeInAnotherContext_NeverSharesItsQueue(string world, ExecutionDomain domain)
    {
        var first = DiffPlanner.Plan(Graphs.Submission(Graphs.Chain(10)), Graphs.After());

        var second = DiffPlanner.Plan(Graphs.Submission(Graphs.Chain(10), Graphs.Context(world, domain)), Graphs.After(first));

        Assert.All(second.Nodes, node => Assert.Equal(DiffCase.NewContext, node.Case));
        Assert.Empty(first.Nodes.Select(node => node.Topic).Intersect(second.Nodes.Select(node => node.Topic)));
    }

    [Fact]
    public void Plan_SameNodeTwiceInOneSubmission_IsOneNode()
    {
        var price = Graphs.Price();

        var plan = DiffPlanner.Plan(Graphs.Submission([price, price with { Name = "again" }]), Graphs.After());

        Assert.Single(plan.Nodes);
    }

    [Fact]
    public void Plan_CompatibleSchemaChange_BuffersOnTheSameQueue()
    {
        var price = Graphs.Price();
        var first = DiffPlanner.Plan(Graphs.Submission([price, Graphs.Sma(price, 10, "s1")]), Graphs.After());

        var second = DiffPlanner.Plan(Graphs.Submission([price, Graphs.Sma(price, 10, "s2")]), Graphs.After(first));

        Assert.Equal([DiffCase.Reuse, DiffCase.Buffer], second.Nodes.Select(node => node.Case));
        Assert.True(second.Nodes[1].StartsBuffering);
        Assert.Equal(first.Nodes[1].Topic, second.Nodes[1].Topic);
    }

    [Fact]
    public void Plan_QueueStillBuffering_SaysBufferAgainWithoutAChange()
    {
        var price = Graphs.Price();
        var graph = new GraphState();
        Graphs.Diff(graph, Graphs.Submission([price, Graphs.Sma(price, 10, "s1")]));
        Graphs.Diff(graph, Graphs.Submission([price, Graphs.Sma(price, 10, "s2")]));

        var plan = DiffPlanner.Plan(Graphs.Submission([price, Graphs.Sma(price, 10, "s2")]), graph);

        Assert.Equal([DiffCase.Reuse, DiffCase.Buffer], plan.Nodes.Select(node => node.Case));
        Assert.False(plan.Changes);
        Assert.Equal(DateTimeOffset.UnixEpoch, plan.BufferingSince(plan.Nodes[1]));
    }

    [Fact]
    public void Plan_OtherTagsOnASharedNode_KeepsTheQueueAndAddsThem()
    {
        var graph = new GraphState();
        var price = Graphs.Price();
        var first = Graphs.Diff(graph, Graphs.Submission([price]));

        var second = Graphs.Diff(graph, Graphs.Submission([price with { Tags = ["spot", "btc"] }], strategy: "t"));
        var third = DiffPlanner.Plan(Graphs.Submission([price with { Tags = ["spot"] }], strategy: "u"), graph);

        Assert.Equal(first.Nodes[0].Topic, second.Nodes[0].Topic);
        Assert.Equal(["btc", "spot"], second.Nodes[0].Tags);
        Assert.True(second.Changes);
        Assert.False(third.Changes);
    }

    [Fact]
    public void Plan_TagsInAnotherWorld_AreTheirOwn()
    {
        var graph = new GraphState();
        var price = Graphs.Price();
        Graphs.Diff(graph, Graphs.Submission([price], Graphs.Context("w1")));

        var other = Graphs.Diff(graph, Graphs.Submission([price with { Tags = ["mine"] }], Graphs.Context("w2")));

        Assert.Equal(["mine"], other.Nodes[0].Tags);
        Assert.Equal(["btc"], graph.FindNode(price.NodeId!)!.Queues.Single(queue => queue.Context.WorldId is "w1").Tags);
    }

    [Fact]
    public void Plan_ManyMomentsOfOneWorld_NamesEachAtTheFirstLook()
    {
        var graph = new GraphState();
        var price = Graphs.Price();

        var topics = Enumerable.Range(1, 60).Select(day => Graphs.Diff(graph, Graphs.Submission([price], Graphs.Context() with { AsOf = $"2026-01-{day:00}" })).Nodes[0].Topic).ToArray();

        Assert.Equal(60, topics.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.EndsWith("_v1_32", topics[^1], StringComparison.Ordinal);
    }

    /// <summary>Whatever comes in whatever order: one queue for each node and context, never two nodes on one queue.</summary>
    [Fact]
    public void Plan_AnySequenceOfSubmissions_GivesOneTopicForEachNodeAndContext()
    {
        var periods = Gen.Choose(1, 12).NonEmptyListOf().Select(list => list.ToArray());
        var context = Gen.Elements("w1", "w2").SelectMany(world => Gen.Elements(Enum.GetValues<ExecutionDomain>()).Select(domain => Graphs.Context(world, domain)));
        var submissions = periods.SelectMany(chain => context.Select(where => Graphs.Submission(Graphs.Chain(chain), where))).NonEmptyListOf();

        Prop.ForAll(submissions.ToArbitrary(), sequence =>
        {
            var graph = new GraphState();
            var plans = sequence.Select(submission => Graphs.Diff(graph, submission)).ToArray();
            var all = plans.SelectMany(plan => plan.Nodes, (plan, node) => (node.NodeId, ComputeKey: node.ComputeKeyIn(plan.Submission.Context), node.Topic)).ToHashSet();
            var keys = all.Select(node => (node.NodeId, node.ComputeKey)).Distinct().Count();
            var topics = all.Select(node => node.Topic).Distinct(StringComparer.OrdinalIgnoreCase).Count();
            return keys == all.Count && topics == all.Count;
        }).QuickCheckThrowOnFailure();
    }
}
