using FsCheck;
using FsCheck.Fluent;
using Qmtl.DagManager.Diff;
using Qmtl.Identity;

namespace Qmtl.DagManager.Tests.Diff;

public sealed class DiffPlannerTests
{
    [Fact]
    public void Plan_EmptyGraph_CreatesAQueueForEachNode()
    {
        var nodes = Graphs.Chain(10, 20);

        var plan = DiffPlanner.Plan(Graphs.Submission(nodes), Graphs.Empty);

        Assert.Equal(nodes.Select(node => node.NodeId), plan.Nodes.Select(node => node.NodeId));
        Assert.All(plan.Nodes, node => Assert.Equal(DiffCase.New, node.Case));
        Assert.Equal(3, plan.Nodes.Select(node => node.Topic).Distinct().Count());
        Assert.True(plan.Changes);
    }

    [Fact]
    public void Plan_SameSubmissionAgain_ReusesEveryQueueAndChangesNothing()
    {
        var submission = Graphs.Submission(Graphs.Chain(10, 20));
        var first = DiffPlanner.Plan(submission, Graphs.Empty);

        var second = DiffPlanner.Plan(submission, Graphs.After(first));

        Assert.False(second.Changes);
        Assert.All(second.Nodes, node => Assert.Equal(DiffCase.Reuse, node.Case));
        Assert.Equal(first.Nodes.Select(node => node.Topic), second.Nodes.Select(node => node.Topic));
    }

    [Fact]
    public void Plan_OverlappingSubmission_AddsOnlyWhatIsNew()
    {
        var first = DiffPlanner.Plan(Graphs.Submission(Graphs.Chain(10, 20)), Graphs.Empty);

        var second = DiffPlanner.Plan(Graphs.Submission(Graphs.Chain(20, 30), strategy: "t"), Graphs.After(first));

        Assert.Equal([DiffCase.Reuse, DiffCase.Reuse, DiffCase.New], second.Nodes.Select(node => node.Case));
        Assert.Equal(first.Nodes[2].Topic, second.Nodes[1].Topic);
    }

    [Theory]
    [InlineData("w2", ExecutionDomain.Backtest)]
    [InlineData(Graphs.World, ExecutionDomain.Live)]
    public void Plan_KnownNodeInAnotherContext_NeverSharesItsQueue(string world, ExecutionDomain domain)
    {
        var first = DiffPlanner.Plan(Graphs.Submission(Graphs.Chain(10)), Graphs.Empty);

        var second = DiffPlanner.Plan(Graphs.Submission(Graphs.Chain(10), Graphs.Context(world, domain)), Graphs.After(first));

        Assert.All(second.Nodes, node => Assert.Equal(DiffCase.NewContext, node.Case));
        Assert.Empty(first.Nodes.Select(node => node.Topic).Intersect(second.Nodes.Select(node => node.Topic)));
    }

    [Fact]
    public void Plan_SameNodeTwiceInOneSubmission_IsOneNode()
    {
        var price = Graphs.Price();

        var plan = DiffPlanner.Plan(Graphs.Submission([price, price with { Name = "again" }]), Graphs.Empty);

        Assert.Single(plan.Nodes);
    }

    [Fact]
    public void Plan_CompatibleSchemaChange_BuffersOnTheSameQueue()
    {
        var price = Graphs.Price();
        var first = DiffPlanner.Plan(Graphs.Submission([price, Graphs.Sma(price, 10, "s1")]), Graphs.Empty);

        var second = DiffPlanner.Plan(Graphs.Submission([price, Graphs.Sma(price, 10, "s2")]), Graphs.After(first));

        Assert.Equal([DiffCase.Reuse, DiffCase.Buffer], second.Nodes.Select(node => node.Case));
        Assert.True(second.Nodes[1].StartsBuffering);
        Assert.Equal(first.Nodes[1].Topic, second.Nodes[1].Topic);
    }

    [Fact]
    public void Plan_QueueStillBuffering_SaysBufferAgainWithoutAChange()
    {
        var nodes = Graphs.Chain(10);
        var submission = Graphs.Submission(nodes);
        var known = DiffPlanner.Plan(submission, Graphs.Empty).Nodes.Select(node => new KnownQueue
        {
            NodeId = node.NodeId,
            ComputeKey = node.ComputeKey,
            Topic = node.Topic,
            SchemaHash = node.Node.SchemaHash!,
            BufferingSince = DateTimeOffset.UnixEpoch,
        });
        var graph = new GraphSnapshot(nodes.Select(node => node.NodeId!).ToHashSet(), known.ToDictionary(queue => (queue.NodeId, queue.ComputeKey)), new HashSet<string>());

        var plan = DiffPlanner.Plan(submission, graph);

        Assert.All(plan.Nodes, node => Assert.Equal((DiffCase.Buffer, false), (node.Case, node.StartsBuffering)));
        Assert.False(plan.Changes);
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
            var plans = new List<DiffPlan>();
            foreach (var submission in sequence) plans.Add(DiffPlanner.Plan(submission, Graphs.After([.. plans])));
            var all = plans.SelectMany(plan => plan.Nodes).Select(node => (node.NodeId, node.ComputeKey, node.Topic)).ToHashSet();
            var keys = all.Select(node => (node.NodeId, node.ComputeKey)).Distinct().Count();
            var topics = all.Select(node => node.Topic).Distinct(StringComparer.OrdinalIgnoreCase).Count();
            return keys == all.Count && topics == all.Count;
        }).QuickCheckThrowOnFailure();
    }
}
