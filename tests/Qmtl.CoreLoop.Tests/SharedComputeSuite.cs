using System.Globalization;
using System.Net;
using Qmtl.Client;
using Qmtl.CoreLoop.Strategies;
using Qmtl.CoreLoop.Tests.Stacks;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Runtime;
using Qmtl.Strategies;
using Qmtl.Testing;

namespace Qmtl.CoreLoop.Tests;

/// <summary>Runs of one world compute each node once; those of another world never see it.</summary>
public abstract class SharedComputeSuite<TStack>(StackFixture<TStack> fixture)
    where TStack : StackUnderTest, new()
{
    // Long enough for a busy machine; a test that waits for its end waits that long.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(5);
    private static readonly string Inputs = "sha256:" + new string('a', 64);
    private static readonly string Hash = "sha256:" + new string('1', 64);

    private static readonly MarketData Data = MarketData.Of(
        SyntheticBars.Generate(new SyntheticOptions { Instrument = "BTC-USDT", Count = 5_000, IntervalSeconds = 3600, Seed = 13, Volatility = 0.006, Drift = 0.00012 }));

    [ConformanceFact]
    public async Task Submit_WithNodesInCommon_ReadsThemAndGivesTheResultOfARunAlone()
    {
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);
        var world = await door.WorldAsync();

        var first = await SubmitAsync(stack, world, slow: 96);
        var second = await SubmitAsync(stack, world, slow: 48);
        var again = await SubmitAsync(stack, world, slow: 48);

        Assert.Equal(Alone(96), first.Replay!.StreamDigest);
        Assert.Equal(Alone(48), second.Replay!.StreamDigest);
        Assert.Equal(Alone(48), again.Replay!.StreamDigest);
        // The fast average of the first; what is new of the second; all of it the second time.
        Assert.Equal((4, 0, 4), Shares(first));
        Assert.Equal((4, 1, 3), Shares(second));
        Assert.Equal((4, 1, 0), Shares(again));
        Assert.Equal(1.0, again.Sharing!.ReuseRatio);
        Assert.Empty(first.Sharing!.Fallbacks.Concat(second.Sharing!.Fallbacks).Concat(again.Sharing.Fallbacks));

        var metrics = (await door.GetAsync("/metrics")).Text;
        Assert.True(Sample(metrics, "shared_compute_saved_node_evaluations_total") >= 5 * Data.Count, metrics);
        Assert.InRange(Sample(metrics, "shared_compute_reuse_ratio"), double.Epsilon, 1);
    }

    [ConformanceFact]
    public async Task Submit_InAnotherWorld_ComputesEverythingForItself()
    {
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);
        var (mine, other) = (await door.WorldAsync(), await door.WorldAsync());
        var first = await SubmitAsync(stack, mine, slow: 96);

        var second = await SubmitAsync(stack, other, slow: 96);

        Assert.Equal((4, 0, 4), Shares(second));
        Assert.Equal(first.Replay!.StreamDigest, second.Replay!.StreamDigest);
        Assert.Empty(first.NodeQueues.Values.Intersect(second.NodeQueues.Values));
    }

    [ConformanceFact]
    public async Task Read_StreamOfAnotherWorld_IsRefusedAsIfItWereNotThere()
    {
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);
        using var gateway = new GatewayClient(stack.Http);
        var (mine, foreign) = (await SessionAsync(door, gateway, await door.WorldAsync()), await SessionAsync(door, gateway, await door.WorldAsync()));
        await mine.Exchange.AppendAsync([Batch(mine.Grants[0], 0, 4)]).Within();
        var own = await FirstAsync(mine.Exchange, mine.Grants[0].StreamId).Within();

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => FirstAsync(foreign.Exchange, mine.Grants[0].StreamId)).Within();
        var nowhere = await Assert.ThrowsAsync<RefusalException>(() => FirstAsync(foreign.Exchange, "blake3:" + new string('0', 64))).Within();

        Assert.Equal(4, own.Bars);
        Assert.Equal((ReasonCodes.NodeStreamForeign.Code, ReasonCodes.NodeStreamForeign.Code), (refusal.Code.Code, nowhere.Code.Code));
    }

    [ConformanceFact]
    public async Task Append_OfAZombie_IsRefusedAndTheNewHolderGoesOnWithoutGapOrDuplicate()
    {
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);
        using var gateway = new GatewayClient(stack.Http);
        var world = await door.WorldAsync();
        var zombie = await SessionAsync(door, gateway, world);
        await zombie.Exchange.AppendAsync([Batch(zombie.Grants[0], 0, 10)]).Within();
        var waiting = new GatewayNodeExchange(gateway, zombie.StrategyId, world, Lease, TimeProvider.System);
        Assert.All(await waiting.AcquireAsync(zombie.Nodes), grant => Assert.False(grant.IsHeld));

        IReadOnlyList<NodeGrant> taken = [];
        await TimeLimits.EventuallyAsync(async () => (taken = await waiting.AcquireAsync(zombie.Nodes)).All(grant => grant.IsHeld), what: "takeover");
        // It is there again, but what it held is another's.
        await zombie.Exchange.AcquireAsync([zombie.Nodes[1]]).Within();
        var late = await Assert.ThrowsAsync<RefusalException>(() => zombie.Exchange.AppendAsync([Batch(zombie.Grants[0], 10, 10)])).Within();
        var gap = await Assert.ThrowsAsync<RefusalException>(() => waiting.AppendAsync([Batch(taken[0], 11, 10)])).Within();
        await waiting.AppendAsync([Batch(taken[0], 10, 10)]).Within();
        // An answer that was not heard is asked for again.
        await waiting.AppendAsync([Batch(taken[0], 10, 10)]).Within();
        var conflict = await Assert.ThrowsAsync<RefusalException>(() => waiting.AppendAsync([Batch(taken[0], 10, 10, hash: "sha256:" + new string('2', 64))])).Within();

        Assert.Equal((2, 10L), (taken[0].Epoch, taken[0].NextBar));
        Assert.Equal(
            (ReasonCodes.LeaseFenced.Code, ReasonCodes.NodeValuesGap.Code, ReasonCodes.NodeValuesConflict.Code), (late.Code.Code, gap.Code.Code, conflict.Code.Code));
        Assert.Equal("10", gap.Metadata["next_bar"]);
        Assert.Equal([(0L, 10, 1), (10L, 10, 2)], await ReadAsync(waiting, taken[0].StreamId, bars: 20).Within());
    }

    [ConformanceFact]
    public async Task Append_ValuesOfEveryKind_ComeBackBitForBit()
    {
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);
        using var gateway = new GatewayClient(stack.Http);
        var session = await SessionAsync(door, gateway, await door.WorldAsync());
        double[] numbers = [0.0, -0.0, 1.0, double.NaN, BitConverter.Int64BitsToDouble(0x7ff8_0000_0000_0001), double.Epsilon, double.MaxValue, -1.5];
        double[] flags = [0.0, 1.0, double.NaN, 1.0, 0.0, 0.0, double.NaN, 1.0];
        var sent = new NodeBatch(session.Grants[0].StreamId, session.Grants[0].Epoch, 0, 5, Hash, [numbers, flags]);

        await session.Exchange.AppendAsync([sent]).Within();
        var came = await FirstAsync(session.Exchange, sent.StreamId).Within();

        Assert.Equal((sent.Epoch, 0L, 5L, Hash), (came.Epoch, came.FirstBar, came.FirstTime, came.InputWindowHash));
        foreach (var (expected, actual) in sent.Columns.Zip(came.Columns)) Assert.Equal(expected.Select(BitConverter.DoubleToInt64Bits), actual.Select(BitConverter.DoubleToInt64Bits));
    }

    [ConformanceFact]
    public async Task Requests_ThatAreWrong_AreRefusedWithTheField()
    {
        using var door = new Door(await fixture.GetAsync());
        var world = await door.WorldAsync();
        var strategy = (await door.SubmitAsync(world)).StrategyId;

        async Task RefusedAsync(HttpStatusCode status, string code, string pointer, string path, string body)
        {
            var answer = await door.SendAsync(HttpMethod.Post, "/node-streams/" + path, body);
            Assert.True(answer.Status == status, answer.Text);
            Assert.Equal((code, pointer), (answer.Json.GetProperty("code").GetString(), answer.Json.GetProperty("errors")[0].GetProperty("pointer").GetString()));
        }

        const string Session = "0123456789abcdef";
        var node = $$"""{"node_id":"blake3:x","inputs":"{{Inputs}}"}""";
        await RefusedAsync(HttpStatusCode.UnprocessableEntity, "E_INVALID_ARGUMENT", "/session_id", "acquire", $$"""{"session_id":"short","strategy_id":"{{strategy}}","world_id":"{{world}}","nodes":[{{node}}]}""");
        await RefusedAsync(HttpStatusCode.UnprocessableEntity, "E_INVALID_ARGUMENT", "/nodes/0/inputs", "acquire", $$"""{"session_id":"{{Session}}","strategy_id":"{{strategy}}","world_id":"{{world}}","nodes":[{"node_id":"x","inputs":"y"}]}""");
        await RefusedAsync(HttpStatusCode.UnprocessableEntity, "E_INVALID_ARGUMENT", "/world_id", "acquire", $$"""{"session_id":"{{Session}}","strategy_id":"{{strategy}}","world_id":"elsewhere","nodes":[{{node}}]}""");
        await RefusedAsync(HttpStatusCode.NotFound, "E_STRATEGY_UNKNOWN", "/strategy_id", "acquire", $$"""{"session_id":"{{Session}}","strategy_id":"nobody","world_id":"{{world}}","nodes":[{{node}}]}""");
        await RefusedAsync(HttpStatusCode.Conflict, "E_NODE_QUEUE_UNKNOWN", "/nodes", "acquire", $$"""{"session_id":"{{Session}}","strategy_id":"{{strategy}}","world_id":"{{world}}","nodes":[{{node}}]}""");
        await RefusedAsync(HttpStatusCode.Conflict, "E_NODE_SESSION", "/session_id", "renew", """{"session_id":"nobody-has-this-one"}""");
        await RefusedAsync(HttpStatusCode.Conflict, "E_NODE_SESSION", "/session_id", "read", """{"session_id":"nobody-has-this-one","streams":[{"stream_id":"x"}]}""");
        await RefusedAsync(HttpStatusCode.UnprocessableEntity, "E_INVALID_ARGUMENT", "/batches/0/columns/0/values", "append", $$"""{"session_id":"{{Session}}","batches":[{"stream_id":"x","bars":2,"input_window_hash":"{{Hash}}","columns":[{"encoding":"f64","values":"AAAA"}]}]}""");
    }

    /// <summary>Two programs with nodes in common; the one that computes them is killed in the middle.</summary>
    [ConformanceFact]
    public async Task Processes_ProducerKilled_ConsumerTakesOverAndItsResultIsThatOfARunAlone()
    {
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);
        var world = await door.WorldAsync();
        using var scratch = new Scratch();
        var data = MarketData.Of(SyntheticBars.Generate(new SyntheticOptions { Instrument = "BTC-USDT", Count = 60_000, IntervalSeconds = 60, Seed = 29, Volatility = 0.002 }));
        var file = scratch.Write("BTC-USDT.csv", writer => CsvBarWriter.Write(data.Series[0], writer));
        var before = Sample((await door.GetAsync("/metrics")).Text, "shared_compute_appended_values_total");
        var delivered = Sample((await door.GetAsync("/metrics")).Text, "shared_compute_delivered_values_total");

        await using var producer = CliProcess.Submit<SlowTrend>(stack.Http, world, file, "slow=30");
        await producer.UntilAsync(async () => Sample((await door.GetAsync("/metrics")).Text, "shared_compute_appended_values_total") > before + 4_000);
        await using var consumer = CliProcess.Submit<SlowTrend>(stack.Http, world, file, "slow=50");
        await consumer.UntilAsync(async () => Sample((await door.GetAsync("/metrics")).Text, "shared_compute_delivered_values_total") > delivered + 2_000);
        Assert.False(producer.HasExited, "The producer was done before it could be killed.");
        producer.Kill();
        var result = await consumer.ResultAsync();

        var read = CsvBars.Load([file], new CsvOptions(false, Dedupe.Refuse), CancellationToken.None);
        var alone = new KernelReplay().Run(new SlowTrend().With(new Dictionary<string, string>(StringComparer.Ordinal) { ["slow"] = "50" }), read, new ReplayOptions());
        Assert.Equal(alone.StreamDigest, result.GetProperty("replay").GetProperty("stream_digest").GetString());
        var sharing = result.GetProperty("sharing");
        Assert.True(sharing.GetProperty("nodes_taken_over").GetInt32() > 0, sharing.ToString());
        Assert.True(sharing.GetProperty("evaluations_saved").GetInt64() > 0, sharing.ToString());
    }

    private sealed record Session(GatewayNodeExchange Exchange, string StrategyId, IReadOnlyList<NodeRequest> Nodes, IReadOnlyList<NodeGrant> Grants);

    /// <summary>A session that holds all nodes of a submitted strategy.</summary>
    private static async Task<Session> SessionAsync(Door door, GatewayClient gateway, string world)
    {
        var strategy = (await door.SubmitAsync(world)).StrategyId;
        NodeRequest[] nodes = [.. GraphSharing.NodesOf(Door.Graph(10, 30)).Select(node => new NodeRequest(node.NodeId, Inputs))];
        var exchange = new GatewayNodeExchange(gateway, strategy, world, Lease, TimeProvider.System);
        var grants = await exchange.AcquireAsync(nodes).Within();
        Assert.All(grants, grant => Assert.True(grant.IsHeld));
        return new Session(exchange, strategy, nodes, grants);
    }

    private static NodeBatch Batch(NodeGrant grant, long first, int bars, string? hash = null) => new(grant.StreamId, grant.Epoch, first, 0, hash ?? Hash, [new double[bars]]);

    private static async Task<NodeBatch> FirstAsync(GatewayNodeExchange exchange, string stream)
    {
        await foreach (var batch in exchange.ReadAsync(new Dictionary<string, long>(StringComparer.Ordinal) { [stream] = 0 })) return batch;
        throw new InvalidOperationException("The stream ended.");
    }

    private static async Task<List<(long First, int Bars, int Epoch)>> ReadAsync(GatewayNodeExchange exchange, string stream, int bars)
    {
        var found = new List<(long, int, int)>();
        await foreach (var batch in exchange.ReadAsync(new Dictionary<string, long>(StringComparer.Ordinal) { [stream] = 0 }))
        {
            found.Add((batch.FirstBar, batch.Bars, batch.Epoch));
            if (batch.FirstBar + batch.Bars == bars) break;
        }

        return found;
    }

    private static Task<SubmitResult> SubmitAsync(StackUnderTest stack, string world, int slow) => Runner.SubmitAsync(
        Cross(slow), world, new SubmitOptions { Gateway = stack.Http, Data = Data, Sharing = new SharingOptions() }).Within(60);

    private static string Alone(int slow) => new KernelReplay().Run(Cross(slow), Data, new ReplayOptions()).StreamDigest;

    private static Strategy Cross(int slow) => StrategyCatalog.Create("sma-cross").With(
        new Dictionary<string, string>(StringComparer.Ordinal) { ["fast"] = "24", ["slow"] = slow.ToString(CultureInfo.InvariantCulture) });

    private static (int Nodes, int Read, int Computed) Shares(SubmitResult result) => (result.Sharing!.Nodes, result.Sharing.NodesRead, result.Sharing.NodesComputed);

    /// <summary>The sum of a metric over its series; 0 before there is one.</summary>
    private static double Sample(string metrics, string name) => metrics.Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && (line[name.Length] is '{' or ' '))
        .Sum(line => double.Parse(line[(line.LastIndexOf('}') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture));
}

/// <summary>The suite in one process.</summary>
[Collection(nameof(EmbeddedStackUnderTest))]
public sealed class EmbeddedSharedComputeTests(StackFixture<EmbeddedStackUnderTest> fixture) : SharedComputeSuite<EmbeddedStackUnderTest>(fixture);

/// <summary>The suite on separate services.</summary>
[Requires(Needs.Postgres | Needs.Redis)]
[Collection(nameof(FullStackUnderTest))]
public sealed class FullSharedComputeTests(StackFixture<FullStackUnderTest> fixture) : SharedComputeSuite<FullStackUnderTest>(fixture);
