using Qmtl.DagManager.Diff;
using Qmtl.Identity;

namespace Qmtl.DagManager.Tests.Diff;

public sealed class DiffChunksTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(100, 1)]
    [InlineData(101, 2)]
    [InlineData(250, 3)]
    public void Cut_Plan_HoldsAtMostAHundredMappingsAChunk(int nodes, int expected)
    {
        var plan = Plan(nodes);

        var chunks = DiffChunks.Cut(plan, "d");

        Assert.Equal(expected, chunks.Count);
        Assert.Equal(Enumerable.Range(0, expected), chunks.Select(chunk => chunk.ChunkId));
        Assert.All(chunks, chunk => Assert.InRange(chunk.CalculateSize(), 1, DiffChunks.MaxBytes));
        Assert.Equal([.. Enumerable.Repeat(false, expected - 1), true], chunks.Select(chunk => chunk.Last));
        Assert.Equal(plan.Nodes.Select(node => node.NodeId).Order(), chunks.SelectMany(chunk => chunk.NodeQueues.Keys).Order());
    }

    [Fact]
    public void Cut_Plan_TellsTheChecksumOnceAndNewNodes()
    {
        var plan = Plan(150);

        var chunks = DiffChunks.Cut(plan, "d");

        Assert.Equal(Crc32.OfNodeIds(plan.Submission.Nodes.Select(node => node.NodeId!)), chunks[0].Crc32);
        Assert.Null(chunks[1].Crc32);
        Assert.Equal(150, chunks.Sum(chunk => chunk.NewNodes.Count));
    }

    [Fact]
    public void Cut_LargeMappings_StayBelowAMebibyte()
    {
        var tags = Enumerable.Range(0, 200).Select(i => new string('t', 120) + i).ToArray();
        var price = Graphs.Price();
        NodeSpec[] nodes = [.. Enumerable.Range(1, 60).Select(period => Graphs.Sma(price, period) with { Tags = tags })];
        var submission = Graphs.Submission(nodes);
        var plan = new DiffPlan(submission, [.. nodes.Select(node => new PlannedNode(node, DiffCase.Buffer, "topic") { Tags = tags })], null, 1);

        var chunks = DiffChunks.Cut(plan, "d");

        Assert.True(chunks.Count > 1);
        Assert.All(chunks, chunk => Assert.InRange(chunk.CalculateSize(), 1, DiffChunks.MaxBytes));
        Assert.Equal(60, chunks.Sum(chunk => chunk.BufferNodes.Count));
    }

    [Fact]
    public void PartitionKey_Node_NamesIntervalAndComputeKey()
    {
        var node = Plan(1).Nodes[0];
        var context = Graphs.Context();

        Assert.Equal($"{node.NodeId}:60:0#ck={context.ComputeKeyOf(node.NodeId)}", DiffChunks.PartitionKey(node, context));
    }

    private static DiffPlan Plan(int nodes) => DiffPlanner.Plan(Graphs.Submission(Graphs.Chain([.. Enumerable.Range(1, nodes - 1)])), Graphs.After());
}
