using FsCheck;
using FsCheck.Fluent;
using Qmtl.DagManager.Diff;
using Qmtl.DagManager.Graph;
using Qmtl.Identity;

namespace Qmtl.DagManager.Tests.Diff;

public sealed class DiffRootTests
{
    [Fact]
    public void Of_SameSubmissionByAnother_IsTheSame() =>
        Assert.Equal(DiffRoot.Of(Graphs.Submission(Graphs.Chain(10, 20), strategy: "a")), DiffRoot.Of(Graphs.Submission(Graphs.Chain(10, 20), strategy: "b")));

    [Fact]
    public void Of_AnythingAPlanDependsOn_ChangesIt()
    {
        var price = Graphs.Price();
        var nodes = new[] { price, Graphs.Sma(price, 10) };
        var context = Graphs.Context();
        DiffSubmission[] submissions =
        [
            Graphs.Submission(nodes),
            Graphs.Submission(nodes) with { Version = "v2" },
            Graphs.Submission(nodes, context with { WorldId = "w2" }),
            Graphs.Submission(nodes, context with { Domain = ExecutionDomain.Live }),
            Graphs.Submission(nodes, context with { AsOf = null }),
            Graphs.Submission(nodes, context with { Partition = "p" }),
            Graphs.Submission([price]),
            Graphs.Submission([price, Graphs.Sma(price, 11)]),
            Graphs.Submission([price, Graphs.Sma(price, 10, "s2")]),
            Graphs.Submission([price, nodes[1] with { Tags = ["indicator"] }]),
            Graphs.Submission([nodes[1], price]),
        ];

        Assert.Equal(submissions.Length, submissions.Select(DiffRoot.Of).Distinct().Count());
    }

    /// <summary>Texts that only differ in where one ends and the next begins.</summary>
    [Fact]
    public void Of_TagsCutDifferently_Differ() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonEmptyString>(),
        ArbMap.Default.ArbFor<NonEmptyString>(),
        (left, right) =>
        {
            var price = Graphs.Price();
            return DiffRoot.Of(Graphs.Submission([price with { Tags = [left.Get + right.Get] }])) != DiffRoot.Of(Graphs.Submission([price with { Tags = [left.Get, right.Get] }]));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Recall_NothingTouched_IsThePlanThatWouldBeMade()
    {
        var graph = new GraphState();
        var submission = Graphs.Submission(Graphs.Chain(10, 20, 30));
        var (bindings, revision) = Bind(graph, submission);

        var recalled = DiffPlanner.Recall(submission, bindings, revision, graph)!;
        var planned = DiffPlanner.Plan(submission, graph);

        Assert.Equal(planned.Nodes.Select(node => (node.NodeId, node.Topic, node.Case)), recalled.Nodes.Select(node => (node.NodeId, node.Topic, node.Case)));
        Assert.False(recalled.Changes);
    }

    [Fact]
    public void Recall_QueueTouchedSince_AsksForANewPlan()
    {
        var graph = new GraphState();
        var price = Graphs.Price();
        var submission = Graphs.Submission([price, Graphs.Sma(price, 10, "s1")]);
        var (bindings, revision) = Bind(graph, submission);
        Graphs.Diff(graph, Graphs.Submission([price, Graphs.Sma(price, 10, "s2")], strategy: "other"));

        Assert.Null(DiffPlanner.Recall(submission, bindings, revision, graph));
    }

    [Fact]
    public void Recall_QueueCollected_AsksForANewPlan()
    {
        var graph = new GraphState();
        var submission = Graphs.Submission(Graphs.Chain(10));
        var (bindings, revision) = Bind(graph, submission);
        graph.Apply(new GraphChange(revision + 1, [], [bindings[0]]));

        Assert.Null(DiffPlanner.Recall(submission, bindings, revision, graph));
    }

    private static (long[] Bindings, long Revision) Bind(GraphState graph, DiffSubmission submission)
    {
        Graphs.Diff(graph, submission);
        return ([.. DiffPlanner.Plan(submission, graph).Nodes.Select(node => node.Queue!.Key)], graph.Revision);
    }
}
