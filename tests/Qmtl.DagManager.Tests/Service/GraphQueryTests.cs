using Qmtl.Identity;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.DagManager.Tests.Service;

/// <summary>Questions about the graph over the rpcs: what stands around a node, who is affected by it, and snapshots.</summary>
public abstract class GraphQueryTests : IAsyncLifetime
{
    private readonly NodeSpec _price = Graphs.Price();
    private NodeSpec _fast = null!;
    private NodeSpec _slow = null!;
    private NodeSpec _twice = null!;
    private DagHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await DagHost.StartAsync(await StoreAsync());
        (_fast, _slow) = (Graphs.Sma(_price, 10), Graphs.Sma(_price, 20));
        // Names one input twice, which its identity depends on.
        _twice = (_fast with { NodeType = "Correlation", Dependencies = [_fast.NodeId!, _fast.NodeId!], NodeId = null }).Seal();
        await _host.DiffAsync(Graphs.Request("s1", [_price, _fast, _slow, _twice]));
        await _host.DiffAsync(Graphs.Request("s2", [_price, _slow], world: "w2"));
    }

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    protected abstract Task<IReadOnlyDictionary<string, string?>> StoreAsync();

    [ConformanceFact]
    public async Task GetSubgraph_BothWays_TellsDistancesAndEdges()
    {
        var graph = await _host.Client.GetSubgraphAsync(new GetSubgraphRequest { NodeId = _fast.NodeId }).ResponseAsync.Within();

        Assert.Equal([(_fast.NodeId!, 0), (_price.NodeId!, -1), (_twice.NodeId!, 1)], graph.Nodes.Select(node => (node.NodeId, node.Distance)).OrderBy(node => Math.Abs(node.Distance)).ThenBy(node => node.Distance));
        Assert.Equal(2, graph.Edges.Count);
        Assert.Contains(new GraphEdge { Src = _price.NodeId, Dst = _fast.NodeId }, graph.Edges);
        Assert.False(graph.Truncated);
    }

    [ConformanceFact]
    public async Task GetSubgraph_DepthAndLimit_CutItOff()
    {
        var near = await _host.Client.GetSubgraphAsync(new GetSubgraphRequest { NodeId = _price.NodeId, Direction = "downstream", Depth = 1 }).ResponseAsync.Within();
        var few = await _host.Client.GetSubgraphAsync(new GetSubgraphRequest { NodeId = _price.NodeId, Limit = 2 }).ResponseAsync.Within();

        Assert.Equal(new[] { _price.NodeId!, _fast.NodeId!, _slow.NodeId! }.Order(), near.Nodes.Select(node => node.NodeId).Order());
        Assert.Equal((2, true), (few.Nodes.Count, few.Truncated));
        Assert.All(few.Edges, edge => Assert.Subset(few.Nodes.Select(node => node.NodeId).ToHashSet(), new HashSet<string> { edge.Src, edge.Dst }));
    }

    [ConformanceFact]
    public async Task GetSubgraph_BadRequests_AreRefused()
    {
        var cases = new (ReasonCode Code, GetSubgraphRequest Request)[]
        {
            (ReasonCodes.NotFound, new() { NodeId = "blake3:00" }),
            (ReasonCodes.InvalidArgument, new() { NodeId = _price.NodeId, Depth = 65 }),
            (ReasonCodes.InvalidArgument, new() { NodeId = _price.NodeId, Limit = -1 }),
            (ReasonCodes.InvalidArgument, new() { NodeId = _price.NodeId, Direction = "sideways" }),
        };
        foreach (var (code, request) in cases)
            Assert.Equal(code, (await Assert.ThrowsAsync<RefusalException>(() => _host.Client.GetSubgraphAsync(request).ResponseAsync.Within())).Code);
    }

    [ConformanceFact]
    public async Task ImpactOf_SharedNode_NamesEveryStrategyThatRunsWhatDependsOnIt()
    {
        var price = await _host.Client.ImpactOfAsync(new ImpactOfRequest { NodeId = _price.NodeId }).ResponseAsync.Within();
        var fast = await _host.Client.ImpactOfAsync(new ImpactOfRequest { NodeId = _fast.NodeId }).ResponseAsync.Within();

        Assert.Equal((3, 6), (price.DownstreamNodes, price.Queues));
        Assert.Equal([("s1", "w1", 4), ("s2", "w2", 2)], price.Strategies.Select(strategy => (strategy.StrategyId, strategy.WorldId, strategy.Nodes)));
        Assert.Equal([("s1", 2)], fast.Strategies.Select(strategy => (strategy.StrategyId, strategy.Nodes)));
    }

    [ConformanceFact]
    public async Task FreezeSnapshot_Repeated_HasTheSameHashAndTrueIdentities()
    {
        var first = await FreezeAsync("s1");
        var second = await FreezeAsync("s1");

        Assert.Equal(first.ContentHash, second.ContentHash);
        Assert.Equal(4, first.Nodes.Count);
        Assert.Equal([_fast.NodeId, _fast.NodeId], first.Nodes.Single(node => node.NodeId == _twice.NodeId).Dependencies);
        Assert.Equal(4, Assert.Single(first.Contexts).Queues.Count);
        Assert.True((await VerifyAsync(first)).Ok);
    }

    [ConformanceFact]
    public async Task VerifySnapshot_GraphMovedOn_NamesEveryDrift()
    {
        var frozen = await FreezeAsync("s1");
        await _host.Database.WriteAsync(unit => unit.ExecuteAsync("UPDATE dm_queues SET topic = 'renamed' WHERE topic = @topic", new { topic = frozen.Contexts[0].Queues[0].Topic }));
        await _host.DiffAsync(Graphs.Request("s1", [_price, _fast, Graphs.Sma(_price, 30)]));

        var verdict = await VerifyAsync(frozen);

        Assert.False(verdict.Ok);
        Assert.Contains(verdict.Drifts, drift => drift is { Kind: "missing" } && drift.Pointer == $"/nodes/{_slow.NodeId}");
        Assert.Contains(verdict.Drifts, drift => drift is { Kind: "added" } && drift.Pointer == $"/nodes/{Graphs.Sma(_price, 30).NodeId}");
        Assert.All(verdict.Drifts, drift => Assert.NotEqual("content_hash", drift.Kind));
        Assert.NotEqual(verdict.ExpectedHash, verdict.FoundHash);
    }

    [ConformanceFact]
    public async Task VerifySnapshot_FileChanged_SaysWhatIsNoLongerTrue()
    {
        var frozen = await FreezeAsync("s1");
        frozen.Nodes.Single(node => node.NodeId == _slow.NodeId).Period = 21;

        var verdict = await VerifyAsync(frozen);

        Assert.Equal(["content_hash", "identity", "changed"], verdict.Drifts.Select(drift => drift.Kind));
        Assert.Equal(($"/nodes/{_slow.NodeId}/period", "21", "20"), (verdict.Drifts[2].Pointer, verdict.Drifts[2].Expected, verdict.Drifts[2].Found));
    }

    [ConformanceFact]
    public async Task FreezeSnapshot_Unknown_IsRefused()
    {
        Assert.Equal(ReasonCodes.NotFound, (await Assert.ThrowsAsync<RefusalException>(() => FreezeAsync("nobody"))).Code);
        Assert.Equal(ReasonCodes.InvalidArgument, (await Assert.ThrowsAsync<RefusalException>(() => FreezeAsync(""))).Code);
        Assert.Equal(ReasonCodes.SchemaInvalid, (await Assert.ThrowsAsync<RefusalException>(() => VerifyAsync(new DagSnapshot { SchemaVersion = "v9" }))).Code);
    }

    private async Task<DagSnapshot> FreezeAsync(string strategy) => await _host.Client.FreezeSnapshotAsync(new FreezeSnapshotRequest { StrategyId = strategy }).ResponseAsync.Within();

    private async Task<SnapshotVerdict> VerifyAsync(DagSnapshot snapshot) => await _host.Client.VerifySnapshotAsync(snapshot).ResponseAsync.Within();
}

/// <summary>Over SQLite.</summary>
public sealed class SqliteGraphQueryTests : GraphQueryTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => Task.FromResult(DagHost.SqliteStore());
}

/// <summary>Over Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresGraphQueryTests : GraphQueryTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => DagHost.PostgresStoreAsync();
}
