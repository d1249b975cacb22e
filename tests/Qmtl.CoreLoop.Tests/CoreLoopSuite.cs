using System.Net;
using Qmtl.Client;
using Qmtl.CoreLoop.Tests.Stacks;
using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Strategies;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.CoreLoop.Tests;

/// <summary>The whole loop through public surfaces: the same for every profile.</summary>
public abstract class CoreLoopSuite<TStack>(StackFixture<TStack> fixture)
    where TStack : StackUnderTest, new()
{
    private protected async Task<Door> OpenAsync() => new(await fixture.GetAsync());

    [ConformanceFact]
    public async Task Loop_SubmitEvaluateDecide_IsTheSameDecisionOverHttpAndGrpc()
    {
        using var door = await OpenAsync();
        var world = await door.WorldAsync();

        var strategy = await door.SubmitAsync(world);
        var evaluated = await door.EvaluateAsync(world, strategy.StrategyId, sharpe: 1.5);
        var http = await door.GetAsync($"/worlds/{world}/decide");
        var grpc = await door.Worlds.DecideAsync(new DecideRequest { WorldId = world }).ResponseAsync.Within();

        Assert.Equal([strategy.StrategyId], evaluated.Active);
        var decision = http.As<DecisionEnvelope>();
        Assert.Equal((grpc.PolicyVersion, grpc.EffectiveMode, grpc.Reason, grpc.Etag), (decision.PolicyVersion, decision.EffectiveMode, decision.Reason, decision.Etag));
        Assert.Equal((1, "compute-only"), (decision.PolicyVersion, decision.EffectiveMode));
        Assert.Equal("backtest", decision.ExecutionDomain);
        Assert.False(http.Headers.Contains("X-Stale"));
        Assert.Equal($"\"{decision.Etag}\"", http.Headers.ETag?.Tag);
    }

    [ConformanceFact]
    public async Task Submit_SixtyFourOverlappingAtOnce_HaveOneTopicForEachNode()
    {
        using var door = await OpenAsync();
        var world = await door.WorldAsync();
        // Eight fast and eight slow averages: every node is in eight strategies, and many of them come at the same time.
        var graphs = Enumerable.Range(0, 64).Select(number => Door.Graph(201 + (number % 8), 301 + (number / 8))).ToArray();

        var answers = await Task.WhenAll(graphs.Select(graph => door.PostAsync("/strategies", Door.Submission(world, graph))));

        Assert.All(answers, answer => Assert.True(answer.Status == HttpStatusCode.Accepted, answer.Text));
        var queues = new List<KeyValuePair<string, string>>();
        foreach (var answer in answers) queues.AddRange((await door.CompletedAsync(answer.As<StrategyAck>().StrategyId)).NodeQueues);
        var nodes = NodeDocument.Read(graphs[0].SerializeToUtf8()).Count;
        var distinct = queues.Distinct().ToArray();
        Assert.Equal(64 * nodes, queues.Count);
        // No node has two topics, no topic carries two nodes.
        Assert.Equal(distinct.Length, distinct.Select(queue => queue.Key).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(distinct.Length, distinct.Select(queue => queue.Value).Distinct(StringComparer.Ordinal).Count());
    }

    [ConformanceFact]
    public async Task Runner_ReturnsTheDecisionThatHttpAndGrpcReturn()
    {
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);
        var world = await door.WorldAsync();

        var result = await Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), world, Options(stack)).Within();
        var http = (await door.GetAsync($"/worlds/{world}/decide")).As<DecisionEnvelope>();
        var grpc = await door.Worlds.DecideAsync(new DecideRequest { WorldId = world }).ResponseAsync.Within();

        var decision = result.World.Decision!;
        Assert.Equal((http.PolicyVersion, http.EffectiveMode, http.Reason, http.Etag), (decision.PolicyVersion, decision.EffectiveMode, decision.Reason, decision.Etag));
        Assert.Equal((http.PolicyVersion, http.EffectiveMode, http.Reason, http.Etag), (grpc.PolicyVersion, grpc.EffectiveMode, grpc.Reason, grpc.Etag));
        Assert.Equal((SubmitStatus.Active, false, false), (result.Status, result.Duplicate, result.SafeMode));
        Assert.Equal(result.Replay!.Sharpe!.Value, result.World.Metrics["sharpe"], 1e-9);
        Assert.False(result.OrderGate.IsOpen);

        // Not its status: extended validation may have added a warning since.
        var (stored, told) = ((await door.GetAsync(result.World.EvaluationRunUrl!)).As<EvaluationRun>().Summary, result.World.Summary!);
        Assert.Equal((stored.Active, stored.Score, stored.RecommendedStage), (told.Active, told.Score, told.RecommendedStage));
    }

    [ConformanceFact]
    public async Task Runner_Again_IsEvaluatedUnderTheFirstId()
    {
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);
        var world = await door.WorldAsync();

        var first = await Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), world, Options(stack)).Within();
        var again = await Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), world, Options(stack)).Within();

        Assert.Equal((first.StrategyId, true, first.Status), (again.StrategyId, again.Duplicate, again.Status));
        Assert.NotEqual(first.World.EvaluationRunId, again.World.EvaluationRunId);
        Assert.Equal(first.Replay!.StreamDigest, again.Replay!.StreamDigest);
    }

    [ConformanceFact]
    public async Task Runner_WhereSectorsAreCapped_CountsInTheSectorsThatAreTraded()
    {
        // Each of two strategies has half of the capital, and a sector may have half.
        const string Policy =
            """
            selection:
              score: "trades"
              topk: {total: 2}
              constraints: {exposure: {sector_cap: {per_sector: 0.5}, sectors: {BTC-USDT: money, ETH-USDT: layer1}}}

            """;
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);
        var (apart, together) = (await door.WorldAsync(Policy), await door.WorldAsync(Policy));

        var btc = await Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), apart, Options(stack)).Within();
        var eth = await Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), apart, Options(stack, "ETH-USDT")).Within();
        Assert.Equal((SubmitStatus.Active, SubmitStatus.Active), (btc.Status, eth.Status));

        await Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), together, Options(stack)).Within();
        var second = await Runner.SubmitAsync(StrategyCatalog.Create("momentum"), together, Options(stack) with { Parameters = new Dictionary<string, string>(StringComparer.Ordinal) }).Within();
        var standings = await door.Worlds.ListStandingsAsync(new ListStandingsRequest { WorldId = together }).ResponseAsync.Within();
        Assert.Single(standings.Strategies, standing => standing.Active);
        Assert.True(second.Status is SubmitStatus.Active || second.World.Summary!.Reason == "sector_cap_exceeded", second.World.Summary!.Reason);
    }

    [ConformanceFact]
    public async Task Runner_ForAWorldThatIsNotThere_SaysSoAndLeavesNothing()
    {
        var stack = await fixture.GetAsync();
        using var door = new Door(stack);

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => Runner.SubmitAsync(StrategyCatalog.Create("sma-cross"), "nowhere", Options(stack)).Within());

        Assert.Equal("E_WORLD_UNKNOWN", refusal.Code.Code);
        Assert.Empty((await door.GetAsync("/strategies?world=nowhere")).As<ListStrategiesResponse>().Strategies);
    }

    [ConformanceFact]
    public async Task Activation_OfASelectedStrategy_IsActiveAndAnsweredWithAnEtag()
    {
        using var door = await OpenAsync();
        var world = await door.WorldAsync();
        var strategy = (await door.SubmitAsync(world)).StrategyId;
        await door.EvaluateAsync(world, strategy, sharpe: 1.5);

        var first = await door.GetAsync($"/worlds/{world}/activation?strategy_id={strategy}&side=long");
        var again = await door.SendAsync(HttpMethod.Get, $"/worlds/{world}/activation?strategy_id={strategy}&side=long", headers: ("If-None-Match", first.Headers.ETag!.Tag));

        var activation = first.As<ActivationEnvelope>();
        Assert.True(activation.Active);
        Assert.Equal(HttpStatusCode.NotModified, again.Status);
        // Selected is not allowed to trade: the world never allowed live.
        Assert.False(OrderGates.Decide(new GateActivation(activation.Active, activation.Weight, activation.Freeze, activation.Drain), ExecutionModes.ParseMode(activation.EffectiveMode), isStale: false).IsOpen);
    }

    [ConformanceFact]
    public async Task Decide_WithTheEtagItHas_IsNotModified_UntilTheDecisionIsAnotherOne()
    {
        using var door = await OpenAsync();
        var world = await door.WorldAsync();
        var first = await door.GetAsync($"/worlds/{world}/decide");
        (string Name, string Etag) known = ("If-None-Match", first.Headers.ETag!.Tag);

        var again = await door.SendAsync(HttpMethod.Get, $"/worlds/{world}/decide", headers: known);
        Assert.Equal((HttpStatusCode.NotModified, "", known.Etag), (again.Status, again.Text, again.Headers.ETag!.Tag));

        await door.PostAsync($"/worlds/{world}/bindings", new BindStrategiesRequest { Strategies = { "a" } });
        await TimeLimits.EventuallyAsync(async () => (await door.SendAsync(HttpMethod.Get, $"/worlds/{world}/decide", headers: known)).Status == HttpStatusCode.OK);
        var changed = await door.GetAsync($"/worlds/{world}/decide");
        Assert.NotEqual((known.Etag, first.As<DecisionEnvelope>().Reason), (changed.Headers.ETag!.Tag, changed.As<DecisionEnvelope>().Reason));
    }

    [ConformanceFact]
    public async Task Evaluation_BelowTheThreshold_LeavesTheStrategyInactive()
    {
        using var door = await OpenAsync();
        var world = await door.WorldAsync();
        var strategy = (await door.SubmitAsync(world)).StrategyId;

        var evaluated = await door.EvaluateAsync(world, strategy, sharpe: 0.1);

        Assert.Empty(evaluated.Active);
        Assert.Equal("fail", evaluated.Summary.Status);
        Assert.Equal("validate", (await door.GetAsync($"/worlds/{world}/decide")).As<DecisionEnvelope>().EffectiveMode);
    }

    [ConformanceFact]
    public async Task Submit_Again_IsADuplicateThatNamesTheFirst()
    {
        using var door = await OpenAsync();
        var world = await door.WorldAsync();
        var first = await door.SubmitAsync(world);

        var http = await door.PostAsync("/strategies", Door.Submission(world, Door.Graph(10, 30)));
        var grpc = await Assert.ThrowsAsync<RefusalException>(() => door.Gateway.SubmitStrategyAsync(Door.Submission(world, Door.Graph(10, 30))).ResponseAsync.Within());

        Assert.Equal((HttpStatusCode.Conflict, "E_DUPLICATE", first.StrategyId), (http.Status, http.Json.GetProperty("code").GetString(), http.Json.GetProperty("strategy_id").GetString()));
        Assert.Equal(("E_DUPLICATE", first.StrategyId), (grpc.Code.Code, grpc.Metadata["strategy_id"]));
    }

    [ConformanceFact]
    public async Task Strategies_WithCommonNodes_ShareTheirTopics()
    {
        using var door = await OpenAsync();
        var world = await door.WorldAsync();

        var one = await door.SubmitAsync(world, 10, 30);
        var other = await door.SubmitAsync(world, 10, 50);

        var common = one.NodeQueues.Keys.Intersect(other.NodeQueues.Keys, StringComparer.Ordinal).ToArray();
        var stream = Door.Graph(10, 30).Nodes.Select(node => node.NodeId!).Intersect(Door.Graph(10, 50).Nodes.Select(node => node.NodeId!), StringComparer.Ordinal);
        Assert.Equal(stream.Order(StringComparer.Ordinal), common.Order(StringComparer.Ordinal));
        Assert.NotEmpty(common);
        Assert.All(common, node => Assert.Equal(one.NodeQueues[node], other.NodeQueues[node]));
        Assert.NotEqual(one.NodeQueues.Count, common.Length);
    }

    [ConformanceFact]
    public async Task Allocations_OnceSet_AreReadThroughTheGateway()
    {
        using var door = await OpenAsync();
        var world = await door.WorldAsync();

        var before = await door.GetAsync($"/allocations?world_id={world}");
        var set = await door.PostAsync("/allocations", new PostAllocationsRequest { RunId = "alloc-" + world, TotalEquity = 1_000_000, WorldAllocations = { [world] = 0.01 } });
        var after = (await door.GetAsync($"/allocations?world_id={world}")).As<GetAllocationsResponse>();

        Assert.Equal("E_ALLOCATION_UNKNOWN", before.Json.GetProperty("code").GetString());
        Assert.True(set.Status == HttpStatusCode.OK, set.Text);
        Assert.Equal((0.01, "alloc-" + world, false), (after.Allocations[world].Allocation, after.Allocations[world].RunId, after.Allocations[world].Stale));
    }

    [ConformanceFact]
    public async Task Probes_OfAStackThatWorks_SaySo()
    {
        using var door = await OpenAsync();

        var health = (await door.GetAsync("/health")).As<GatewayHealth>();
        var metrics = await door.GetAsync("/metrics");

        Assert.Equal(("ok", "ok", "ok", "ok"), (health.Status, health.Postgres, health.Dagmanager, health.Worldservice));
        Assert.Contains("gateway_e2e_latency", metrics.Text, StringComparison.Ordinal);
    }

    private static SubmitOptions Options(StackUnderTest stack, string instrument = "BTC-USDT") => new()
    {
        Gateway = stack.Http,
        Data = MarketData.Of(SyntheticBars.Generate(new SyntheticOptions { Instrument = instrument, Count = 2_000, IntervalSeconds = 3600, Seed = 13, Volatility = 0.006, Drift = 0.00012 })),
        Parameters = new Dictionary<string, string>(StringComparer.Ordinal) { ["fast"] = "24", ["slow"] = "96" },
    };
}

/// <summary>The suite in one process.</summary>
[Collection(nameof(EmbeddedStackUnderTest))]
public sealed class EmbeddedCoreLoopTests(StackFixture<EmbeddedStackUnderTest> fixture) : CoreLoopSuite<EmbeddedStackUnderTest>(fixture);

/// <summary>The suite on separate services.</summary>
[Requires(Needs.Postgres | Needs.Redis)]
[Collection(nameof(FullStackUnderTest))]
public sealed class FullCoreLoopTests(StackFixture<FullStackUnderTest> fixture) : CoreLoopSuite<FullStackUnderTest>(fixture);
