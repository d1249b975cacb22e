using Google.Protobuf.WellKnownTypes;
using Qmtl.DagManager.Tests.Service;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.DagManager.Tests.Leases;

/// <summary>Leases over real sockets, the same on both stores.</summary>
public abstract class LeaseTests : IAsyncLifetime
{
    private static readonly NodeSpec[] Nodes = Graphs.Chain(10, 20, 30, 40, 50);
    private static readonly string Inputs = "sha256:" + new string('a', 64);
    private static readonly string OtherInputs = "sha256:" + new string('b', 64);
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(5);
    private readonly ManualClock _clock = new();
    private DagHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await DagHost.StartAsync(await StoreAsync(), _clock);
        await _host.DiffAsync(Graphs.Request("s1", Nodes));
    }

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    /// <summary>Settings of an empty store.</summary>
    protected abstract Task<IReadOnlyDictionary<string, string?>> StoreAsync();

    [ConformanceFact]
    public async Task Acquire_Free_IsHeldAndKeptWithItsEpoch()
    {
        var first = await AcquireAsync("a", Nodes);
        _clock.Advance(Lasting / 2);
        var again = await AcquireAsync("a", Nodes);

        Assert.All(first.Leases, lease => Assert.Equal((true, 1), (lease.Held, lease.Epoch)));
        Assert.Equal(first.Leases, again.Leases);
        Assert.Equal(first.ExpiresAt.ToDateTimeOffset() + (Lasting / 2), again.ExpiresAt.ToDateTimeOffset());
        Assert.Equal(Nodes.Length, first.Leases.Select(lease => lease.Topic).Distinct().Count());
    }

    [ConformanceFact]
    public async Task Acquire_HeldByAnother_IsRefusedUntilItsLeaseEnds()
    {
        await AcquireAsync("a", Nodes);
        var refused = await AcquireAsync("b", Nodes);
        _clock.Advance(Lasting);
        var taken = await AcquireAsync("b", Nodes);

        Assert.All(refused.Leases, lease => Assert.Equal((false, 1), (lease.Held, lease.Epoch)));
        Assert.All(taken.Leases, lease => Assert.Equal((true, 2), (lease.Held, lease.Epoch)));
        Assert.Empty((await RenewAsync("a")).StreamIds);
        Assert.All((await AcquireAsync("a", Nodes)).Leases, lease => Assert.False(lease.Held));
    }

    [ConformanceFact]
    public async Task Acquire_TakenOver_IsAuditedAndCounted()
    {
        await AcquireAsync("a", Nodes[..3]);
        _clock.Advance(Lasting);
        await AcquireAsync("b", Nodes);

        var entry = await _host.Database.FirstOrDefaultAsync<string>("SELECT result FROM audit_log WHERE event = 'node_leases_taken_over' AND world_id = 'w1' AND actor = 'b'");
        Assert.Equal("""{"count":3,"from":["a"]}""", entry?.Replace(" ", "", StringComparison.Ordinal));
        var metrics = await _host.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)).Within();
        // Hosts of one test process count into the same series.
        Assert.Contains(metrics.Split('\n'), line => line.StartsWith("shared_compute_producer_takeovers_total", StringComparison.Ordinal) && !line.Contains(" 0", StringComparison.Ordinal));
    }

    [ConformanceFact]
    public async Task Acquire_GivenUp_IsGrantedAtOnceAndNoTakeover()
    {
        await AcquireAsync("a", Nodes);
        var released = await _host.Client.ReleaseLeasesAsync(new ReleaseLeasesRequest { Owner = "a" }).ResponseAsync.Within();
        var granted = await AcquireAsync("b", Nodes);

        Assert.Equal(Nodes.Length, released.Released);
        Assert.All(granted.Leases, lease => Assert.Equal((true, 2), (lease.Held, lease.Epoch)));
        Assert.Equal(0, await _host.Database.ScalarAsync<int>("SELECT COUNT(*) FROM audit_log WHERE event = 'node_leases_taken_over'"));
    }

    [ConformanceFact]
    public async Task Acquire_OtherInputsOrOtherContext_IsAnotherLease()
    {
        await _host.DiffAsync(Graphs.Request("s2", Nodes, world: "w2"));
        var first = await AcquireAsync("a", Nodes);
        var otherInputs = await AcquireAsync("b", Nodes, inputs: OtherInputs);
        var otherWorld = await AcquireAsync("c", Nodes, world: "w2");

        Assert.All(otherInputs.Leases.Concat(otherWorld.Leases), lease => Assert.True(lease.Held));
        Assert.Equal(3 * Nodes.Length, first.Leases.Concat(otherInputs.Leases).Concat(otherWorld.Leases).Select(lease => lease.StreamId).Distinct().Count());
        Assert.Empty(first.Leases.Select(lease => lease.Topic).Intersect(otherWorld.Leases.Select(lease => lease.Topic)));
    }

    [ConformanceFact]
    public async Task Acquire_WrongRequests_AreRefusedWithTheField()
    {
        async Task RefusedAsync(ReasonCode code, string pointer, Action<AcquireLeasesRequest> spoil)
        {
            var request = Request("a", Nodes);
            spoil(request);
            var refusal = await Assert.ThrowsAsync<RefusalException>(() => _host.Client.AcquireLeasesAsync(request).ResponseAsync.Within());
            Assert.Equal((code.Code, pointer), (refusal.Code.Code, refusal.Errors.Single().Pointer));
        }

        await RefusedAsync(ReasonCodes.InvalidArgument, "/owner", request => request.Owner = "");
        await RefusedAsync(ReasonCodes.InvalidArgument, "/lease", request => request.Lease = Duration.FromTimeSpan(TimeSpan.FromSeconds(61)));
        await RefusedAsync(ReasonCodes.InvalidArgument, "/context/world_id", request => request.Context = null);
        await RefusedAsync(ReasonCodes.InvalidArgument, "/context/execution_domain", request => request.Context.ExecutionDomain = "somewhere");
        await RefusedAsync(ReasonCodes.InvalidArgument, "/nodes", request => request.Nodes.Clear());
        await RefusedAsync(ReasonCodes.InvalidArgument, "/nodes", request => request.Nodes.Add(request.Nodes[0]));
        await RefusedAsync(ReasonCodes.NodeQueueUnknown, "/nodes", request => request.Context.WorldId = "w9");
        Assert.Equal(0, await _host.Database.ScalarAsync<int>("SELECT COUNT(*) FROM dm_node_leases"));
    }

    [ConformanceFact]
    public async Task Acquire_ManyAtOnce_GivesEachNodeToOne()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => AcquireAsync($"o{i}", Nodes.Skip(i % 3)))).Within();

        var held = answers.SelectMany(answer => answer.Leases).Where(lease => lease.Held).Select(lease => lease.StreamId).ToArray();
        Assert.Equal(Nodes.Length, held.Length);
        Assert.Equal(Nodes.Length, held.Distinct().Count());
    }

    /// <summary>Three owners do this and that while time passes; every answer is that of a model that fits into a dictionary.</summary>
    [ConformanceFact]
    public async Task AnySequence_GivesTheAnswersOfTheModel()
    {
        var random = new Random(11);
        var model = new Dictionary<string, (string Owner, int Epoch, DateTimeOffset Until)>(StringComparer.Ordinal);
        var streamOf = (await AcquireAsync("a", Nodes)).Leases.ToDictionary(lease => lease.NodeId, lease => lease.StreamId);
        foreach (var node in Nodes) model[node.NodeId!] = ("a", 1, _clock.GetUtcNow() + Lasting);
        for (var step = 0; step < 250; step++)
        {
            var owner = "abc"[random.Next(3)].ToString();
            var some = Nodes.Where(_ => random.Next(2) == 0).DefaultIfEmpty(Nodes[0]).ToArray();
            var now = _clock.GetUtcNow();
            switch (random.Next(5))
            {
                case 0:
                    var held = model.Where(lease => lease.Value.Owner == owner).Select(lease => lease.Key).ToArray();
                    foreach (var node in held) model[node] = model[node] with { Until = now + Lasting };
                    Assert.Equal(held.Select(node => streamOf[node]).Order(), (await RenewAsync(owner)).StreamIds.Order());
                    break;
                case 1:
                    var mine = some.Where(node => model[node.NodeId!].Owner == owner).ToArray();
                    foreach (var node in mine) model[node.NodeId!] = model[node.NodeId!] with { Owner = "" };
                    var request = new ReleaseLeasesRequest { Owner = owner, StreamIds = { some.Select(node => streamOf[node.NodeId!]) } };
                    Assert.Equal(mine.Length, (await _host.Client.ReleaseLeasesAsync(request).ResponseAsync.Within()).Released);
                    break;
                case 2:
                    _clock.Advance(TimeSpan.FromSeconds(random.Next(1, 5)));
                    break;
                default:
                    foreach (var node in some)
                    {
                        var known = model[node.NodeId!];
                        if (known.Owner != owner && known.Owner.Length > 0 && known.Until > now) continue;
                        model[node.NodeId!] = (owner, known.Owner == owner ? known.Epoch : known.Epoch + 1, now + Lasting);
                    }

                    var answer = await AcquireAsync(owner, some);
                    Assert.Equal(
                        some.Select(node => (node.NodeId!, model[node.NodeId!].Owner == owner, model[node.NodeId!].Epoch)),
                        answer.Leases.Select(lease => (lease.NodeId, lease.Held, lease.Epoch)));
                    break;
            }
        }
    }

    private static AcquireLeasesRequest Request(string owner, IEnumerable<NodeSpec> nodes, string? inputs = null, string world = Graphs.World)
    {
        var request = new AcquireLeasesRequest
        {
            Owner = owner,
            Context = new V1.ComputeContext { WorldId = world, ExecutionDomain = "backtest", AsOf = "2026-01-01T00:00:00Z" },
            Lease = Duration.FromTimeSpan(Lasting),
        };
        request.Nodes.AddRange(nodes.Select(node => new NodeInput { NodeId = node.NodeId, Inputs = inputs ?? Inputs }));
        return request;
    }

    private async Task<AcquireLeasesResponse> AcquireAsync(string owner, IEnumerable<NodeSpec> nodes, string? inputs = null, string world = Graphs.World) =>
        await _host.Client.AcquireLeasesAsync(Request(owner, nodes, inputs, world)).ResponseAsync.Within();

    private async Task<RenewLeasesResponse> RenewAsync(string owner) =>
        await _host.Client.RenewLeasesAsync(new RenewLeasesRequest { Owner = owner, Lease = Duration.FromTimeSpan(Lasting) }).ResponseAsync.Within();
}

/// <summary>Over SQLite.</summary>
public sealed class SqliteLeaseTests : LeaseTests
{
    protected override Task<IReadOnlyDictionary<string, string?>> StoreAsync() => Task.FromResult<IReadOnlyDictionary<string, string?>>(
        new Dictionary<string, string?> { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-dm-").FullName, ["Storage:Fsync"] = "false" });
}

/// <summary>Over Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresLeaseTests : LeaseTests
{
    protected override async Task<IReadOnlyDictionary<string, string?>> StoreAsync() =>
        new Dictionary<string, string?> { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync() };
}
