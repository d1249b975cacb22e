using System.Text.Json;
using Qmtl.Identity;
using Qmtl.Strategies;
using Qmtl.V1;

namespace Qmtl.Client.Tests;

public sealed class SubmitTests
{
    [Fact]
    public async Task Submit_Selected_CallsTheGatewayInTheSafeOrder()
    {
        await using var gateway = await SubmitScene.StartAsync();

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();

        Assert.Equal(
            [
                "GET /health", "GET /worlds/w/describe", "POST /strategies", "POST /strategies/sma-cross-1/history", "POST /worlds/w/evaluate",
                "GET /worlds/w/strategies/sma-cross-1/runs/run-1", "GET /worlds/w/decide", "GET /worlds/w/activation", "GET /worlds/w/activation", "GET /allocations",
            ],
            gateway.Calls);
        Assert.Equal((SubmitStatus.Active, false, false, (string?)null), (result.Status, result.Downgraded, result.SafeMode, result.DowngradeReason));
        Assert.Equal(("paper", 0.25, "run-1"), (result.World.Decision!.EffectiveMode, result.World.Allocation!.Allocation, result.World.EvaluationRunId));
        Assert.Equal("topic.a", result.NodeQueues["blake3:aa"]);
    }

    [Fact]
    public async Task Submit_SendsTheGraphAndNeverAPolicyOrAMode()
    {
        await using var gateway = await SubmitScene.StartAsync();

        await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();

        var submitted = gateway.Body<StrategySubmit>("POST /strategies");
        using var graph = JsonDocument.Parse(submitted.DagJson.Memory);
        SubmissionCheck.Inspect(graph.RootElement, submitted.NodeIdsCrc32).ThrowIfRefused();
        Assert.Equal([SubmitScene.World], submitted.WorldIds);
        Assert.DoesNotContain("execution_domain", submitted.Meta.Fields.Keys);
        var evaluated = gateway.Arrived.Single(request => request.Path.EndsWith("/evaluate", StringComparison.Ordinal));
        using var body = JsonDocument.Parse(evaluated.Body);
        Assert.False(body.RootElement.TryGetProperty("policy", out _));
        Assert.DoesNotContain("mode", body.RootElement.EnumerateObject().Select(member => member.Name), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Submit_EvaluatesWithFiniteMetricsTheSeriesAndThePinnedData()
    {
        await using var gateway = await SubmitScene.StartAsync();

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();

        var request = gateway.Body<EvaluateRequest>("POST /worlds/w/evaluate");
        Assert.Equal(("backtest", "medium", SubmitScene.Strategy), (request.Stage, request.RiskTier, request.StrategyId));
        Assert.Matches("^w-sma-cross-1-[0-9a-f]{12}$", request.RunId);
        var metrics = request.Metrics[SubmitScene.Strategy].Fields;
        Assert.All(metrics.Values, value => Assert.True(double.IsFinite(value.NumberValue)));
        Assert.Equal(result.Replay!.Sharpe!.Value, metrics["sharpe"].NumberValue, 9);
        Assert.Equal(result.Replay.MaxDrawdown, metrics["max_dd"].NumberValue, 12);
        Assert.Equal(SubmitScene.Bars.Count - 1, request.Series[SubmitScene.Strategy].Returns.Count);
        var history = gateway.Body<HistoryReport>("POST /strategies/sma-cross-1/history");
        Assert.Equal((request.Data.DatasetFingerprint, request.Data.AsOf, SubmitScene.Bars.Count), (history.DatasetFingerprint, history.AsOf, history.Rows));
        Assert.Equal(result.Replay.End, gateway.Body<StrategySubmit>("POST /strategies").Meta.Fields["as_of"].StringValue);
    }

    [Fact]
    public async Task Submit_SaysWhatIsTradedAndWhichWay()
    {
        await using var gateway = await SubmitScene.StartAsync();

        await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();
        await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway) with { Replay = new() { AllowShort = true } }).Within();

        var series = gateway.Arrived.Where(request => request.Path.EndsWith("/evaluate", StringComparison.Ordinal))
            .Select(request => Qmtl.Protos.ProtoJson.Read<EvaluateRequest>(request.Body).Series[SubmitScene.Strategy]).ToArray();
        Assert.All(series, one => Assert.Equal(SubmitScene.Bars.Instruments, one.Symbols));
        // The crossover is flat below its slow average, and short there where it may be.
        Assert.Equal(["long", "both"], series.Select(one => one.Side));
    }

    [Fact]
    public async Task Submit_UnknownWorld_IsRefusedBeforeAnythingIsTakenIn()
    {
        await using var gateway = await SubmitScene.StartAsync();
        gateway.Refuse("GET /worlds/w/describe", 404, "E_WORLD_UNKNOWN", "There is no world w.");

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway))).Within();

        Assert.Equal("E_WORLD_UNKNOWN", refusal.Code.Code);
        Assert.Contains("qmtl world create w", refusal.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("POST /strategies", gateway.Calls);
    }

    [Fact]
    public async Task Submit_Duplicate_GoesOnUnderTheOldId()
    {
        await using var gateway = await SubmitScene.StartAsync();
        gateway.Refuse("POST /strategies", 409, "E_DUPLICATE", "Already there.", $",\"strategy_id\":\"{SubmitScene.Strategy}\"");
        gateway.Answer($"GET /strategies/{SubmitScene.Strategy}/status", new StrategyStatus { StrategyId = SubmitScene.Strategy, Status = "completed", NodeQueues = { ["blake3:bb"] = "topic.b" } });

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();

        Assert.Equal((SubmitScene.Strategy, true, SubmitStatus.Active), (result.StrategyId, result.Duplicate, result.Status));
        Assert.Equal("topic.b", result.NodeQueues["blake3:bb"]);
    }

    [Fact]
    public async Task Submit_NotSelected_IsRejectedInThePolicysOwnTerms()
    {
        await using var gateway = await SubmitScene.StartAsync();
        gateway.Answer("GET /worlds/w/strategies/sma-cross-1/runs/run-1", new EvaluationRun { RunId = "run-1", Summary = SubmitScene.NotSelected() });

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();

        Assert.Equal((SubmitStatus.Rejected, "threshold_below_min"), (result.Status, result.World.Summary!.Reason));
        Assert.Equal(["sharpe is -1, the policy asks for 1 or more"], result.World.ImprovementHints);
    }

    [Theory]
    [InlineData("stale_decision")]
    [InlineData("decision_unavailable")]
    public async Task Submit_WorldAnswersWithAFallback_IsPendingAndClosed(string reason)
    {
        await using var gateway = await SubmitScene.StartAsync();
        gateway.Answer("GET /worlds/w/decide", SubmitScene.Decision(reason));

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();

        Assert.Equal((SubmitStatus.Pending, true, true, reason), (result.Status, result.Downgraded, result.SafeMode, result.DowngradeReason));
        Assert.Equal(OrderGate.Closed, result.OrderGate.Gate);
    }

    [Fact]
    public async Task Submit_WorldFallsSilentAfterTheEvaluation_IsPendingAndClosed()
    {
        await using var gateway = await SubmitScene.StartAsync();
        gateway.Refuse("GET /worlds/w/decide", 503, "E_DEGRADED", "Not now.");

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();

        Assert.Equal((SubmitStatus.Pending, true, true, "decision_unavailable"), (result.Status, result.Downgraded, result.SafeMode, result.DowngradeReason));
        Assert.Equal((OrderGate.Closed, true), (result.OrderGate.Gate, result.World.IsStale));
    }

    [Fact]
    public async Task Submit_WorldServiceAway_IsTakenInMeasuredAndPending()
    {
        await using var gateway = await SubmitScene.StartAsync();
        foreach (var call in new[] { "GET /worlds/w/describe", $"POST /strategies/{SubmitScene.Strategy}/history", "POST /worlds/w/evaluate", "GET /allocations" })
            gateway.Refuse(call, 503, "E_UNAVAILABLE", "WorldService does not answer.");
        gateway.Answer("GET /worlds/w/decide", SubmitScene.Decision("decision_unavailable"));

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway)).Within();

        Assert.Equal((SubmitScene.Strategy, SubmitStatus.Pending, "passed"), (result.StrategyId, result.Status, result.Precheck.Status));
        Assert.Equal((true, true, "decision_unavailable", OrderGate.Closed), (result.Downgraded, result.SafeMode, result.DowngradeReason, result.OrderGate.Gate));
        Assert.Null(result.World.EvaluationRunId);
    }

    [Fact]
    public async Task Submit_WithoutValidation_IsTakenInAndPending()
    {
        await using var gateway = await SubmitScene.StartAsync();

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway) with { AutoValidate = false }).Within();

        Assert.Equal((SubmitStatus.Pending, "skipped"), (result.Status, result.Precheck.Status));
        Assert.Null(result.Replay);
        Assert.DoesNotContain("POST /worlds/w/evaluate", gateway.Calls);
    }

    [Fact]
    public async Task Submit_GivenReturns_AreJudgedInsteadOfTheReplays()
    {
        await using var gateway = await SubmitScene.StartAsync();
        double[] returns = [0.01, -0.005, 0.007, 0.002];

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway) with { Returns = returns }).Within();

        Assert.Equal("explicit", result.Precheck.ReturnsSource);
        Assert.Equal(returns, gateway.Body<EvaluateRequest>("POST /worlds/w/evaluate").Series[SubmitScene.Strategy].Returns);
        // No trades are behind returns that were given.
        Assert.DoesNotContain("trades", result.Precheck.Metrics.Keys);
    }

    [Fact]
    public async Task Submit_ReturnsWithNaN_NamesTheOne()
    {
        await using var gateway = await SubmitScene.StartAsync();

        var refusal = await Assert.ThrowsAsync<RefusalException>(
            () => Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway) with { Returns = [0.1, double.NaN] })).Within();

        Assert.Equal(("E_INVALID_ARGUMENT", "/returns/1"), (refusal.Code.Code, refusal.Errors.Single().Pointer));
    }

    [Fact]
    public async Task Submit_MistakenParameter_NeverReachesTheGateway()
    {
        await using var gateway = await SubmitScene.StartAsync();
        var options = SubmitScene.OptionsFor(gateway) with { Parameters = new Dictionary<string, string> { ["fats"] = "3" } };

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, options)).Within();

        Assert.Equal("E_UNKNOWN_FIELD", refusal.Code.Code);
        Assert.Contains("did you mean fast?", refusal.Detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Calls);
    }

    [Theory]
    [InlineData("no target", "has no position target")]
    [InlineData("no column", "funding")]
    [InlineData("mistake", "period")]
    [InlineData("exception", "Build threw InvalidOperationException")]
    public async Task Submit_StrategyThatCannotRun_NeverReachesTheGateway(string what, string expected)
    {
        await using var gateway = await SubmitScene.StartAsync();
        var strategy = new Written(s =>
        {
            var close = s.Price().Close;
            if (what == "no target") s.Output("close", close);
            if (what == "no column") s.Target(s.Price().Field("funding"));
            if (what == "mistake") s.Target(close.Sma(0));
            if (what == "exception") throw new InvalidOperationException("no idea");
        });

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => Runner.SubmitAsync(strategy, SubmitScene.World, SubmitScene.OptionsFor(gateway))).Within();

        Assert.Contains(expected, refusal.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("registered", refusal.Detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Calls);
    }

    [Fact]
    public async Task Submit_MistakenConditions_NeverReachTheGateway()
    {
        await using var gateway = await SubmitScene.StartAsync();
        var scene = SubmitScene.OptionsFor(gateway);
        SubmitOptions[] mistaken =
        [
            scene with { Replay = new() { Cash = -1 } },
            scene with { Returns = [0.1, double.NaN] },
            scene with { AutoReturns = new AutoReturnsConfig { Field = "nothing" } },
        ];

        foreach (var options in mistaken)
        {
            var refusal = await Assert.ThrowsAsync<RefusalException>(() => Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, options)).Within();
            Assert.Equal("E_INVALID_ARGUMENT", refusal.Code.Code);
        }

        Assert.Empty(gateway.Calls);
    }

    [Fact]
    public async Task Submit_NothingToTradeWithoutValidation_IsTakenIn()
    {
        await using var gateway = await SubmitScene.StartAsync();
        var options = SubmitScene.OptionsFor(gateway) with { AutoValidate = false };

        var result = await Runner.SubmitAsync(new Written(s => s.Output("close", s.Price().Close)), SubmitScene.World, options).Within();

        Assert.Equal((SubmitScene.Strategy, "skipped"), (result.StrategyId, result.Precheck.Status));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Submit_NodeThatThrows_SaysThatItIsRegisteredAndNotEvaluated(bool asKernel)
    {
        await using var gateway = await SubmitScene.StartAsync();
        var strategy = new Written(s => s.Target(asKernel
            ? s.Compute(new Thrower(), s.Price().Close)
            : s.Compute(3, [s.Price().Close], [NodeCode("tests.thrower", "1")] static (view) => view[7][0])));

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => Runner.SubmitAsync(strategy, SubmitScene.World, SubmitScene.OptionsFor(gateway))).Within();

        Assert.Equal(("E_STRATEGY_INVALID", SubmitScene.Strategy), (refusal.Code.Code, refusal.Metadata["strategy_id"]));
        Assert.Contains("threw", refusal.Detail, StringComparison.Ordinal);
        Assert.Contains($"registered as {SubmitScene.Strategy}, but nothing was evaluated", refusal.Detail, StringComparison.Ordinal);
        Assert.Equal("POST /strategies", gateway.Calls[^1]);
    }

    [Fact]
    public async Task Submit_NoGateway_UsesTheEmbeddedStackAndEndsIt()
    {
        await using var gateway = await SubmitScene.StartAsync();
        var embedded = new OneStack(gateway.Address);

        var result = await Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, new SubmitOptions { Data = SubmitScene.Bars, Embedded = embedded, StateDirectory = "here" }).Within();

        Assert.Equal(SubmitStatus.Active, result.Status);
        Assert.Equal(("here", true), (embedded.StateDirectory, embedded.IsDisposed));
    }

    [Fact]
    public async Task Submit_NoGatewayAndNoStack_SaysHowToGiveOne()
    {
        var refusal = await Assert.ThrowsAsync<RefusalException>(() => Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, new SubmitOptions { Data = SubmitScene.Bars })).Within();

        Assert.Equal("E_UNAVAILABLE", refusal.Code.Code);
        Assert.Contains(SubmitOptions.GatewayVariable, refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_Cancelled_StopsTheReplay()
    {
        await using var gateway = await SubmitScene.StartAsync();
        using var cancel = new CancellationTokenSource();
        gateway.Answer("POST /strategies", async (_, context) =>
        {
            await cancel.CancelAsync();
            context.Response.StatusCode = 202;
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Runner.SubmitAsync(SubmitScene.Cross(), SubmitScene.World, SubmitScene.OptionsFor(gateway), cancel.Token)).Within();

        Assert.DoesNotContain("POST /worlds/w/evaluate", gateway.Calls);
    }

    private sealed class Written(Action<StrategyBuilder> build) : Strategy
    {
        protected override void Build(StrategyBuilder s) => build(s);
    }

    [NodeCode("tests.thrower_kernel", "1")]
    private sealed class Thrower : Kernel
    {
        public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output) => throw new NotSupportedException("not today");
    }

    private sealed class OneStack(Uri address) : IEmbeddedStackFactory, IEmbeddedStack
    {
        public string? StateDirectory { get; private set; }

        public bool IsDisposed { get; private set; }

        public Uri GatewayHttp => address;

        public Uri GatewayGrpc => address;

        public Task<IEmbeddedStack> StartAsync(string stateDirectory, CancellationToken cancellationToken = default)
        {
            StateDirectory = stateDirectory;
            return Task.FromResult<IEmbeddedStack>(this);
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
