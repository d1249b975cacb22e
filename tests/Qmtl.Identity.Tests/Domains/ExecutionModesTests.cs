namespace Qmtl.Identity.Tests;

public sealed class ExecutionModesTests
{
    [Theory]
    [InlineData("validate", EffectiveMode.Validate, ExecutionDomain.Backtest, OrderRoute.None)]
    [InlineData("compute-only", EffectiveMode.ComputeOnly, ExecutionDomain.Backtest, OrderRoute.None)]
    [InlineData("compute_only", EffectiveMode.ComputeOnly, ExecutionDomain.Backtest, OrderRoute.None)]
    [InlineData("ComputeOnly", EffectiveMode.ComputeOnly, ExecutionDomain.Backtest, OrderRoute.None)]
    [InlineData("paper", EffectiveMode.Paper, ExecutionDomain.Dryrun, OrderRoute.Simulated)]
    [InlineData("sim", EffectiveMode.Paper, ExecutionDomain.Dryrun, OrderRoute.Simulated)]
    [InlineData("simulation", EffectiveMode.Paper, ExecutionDomain.Dryrun, OrderRoute.Simulated)]
    [InlineData("simulated", EffectiveMode.Paper, ExecutionDomain.Dryrun, OrderRoute.Simulated)]
    [InlineData("papertrade", EffectiveMode.Paper, ExecutionDomain.Dryrun, OrderRoute.Simulated)]
    [InlineData("papertrading", EffectiveMode.Paper, ExecutionDomain.Dryrun, OrderRoute.Simulated)]
    [InlineData("PAPER_TRADING", EffectiveMode.Paper, ExecutionDomain.Dryrun, OrderRoute.Simulated)]
    [InlineData("live", EffectiveMode.Live, ExecutionDomain.Live, OrderRoute.Broker)]
    [InlineData(" Active ", EffectiveMode.Live, ExecutionDomain.Live, OrderRoute.Broker)]
    [InlineData("shadow", EffectiveMode.Shadow, ExecutionDomain.Shadow, OrderRoute.None)]
    [InlineData("LIVE!", EffectiveMode.Validate, ExecutionDomain.Backtest, OrderRoute.None)]
    [InlineData("production", EffectiveMode.Validate, ExecutionDomain.Backtest, OrderRoute.None)]
    [InlineData("", EffectiveMode.Validate, ExecutionDomain.Backtest, OrderRoute.None)]
    [InlineData(null, EffectiveMode.Validate, ExecutionDomain.Backtest, OrderRoute.None)]
    public void Map_Token_GivesModeDomainAndRoute(string? token, EffectiveMode mode, ExecutionDomain domain, OrderRoute route) =>
        Assert.Equal(new ModeMapping(mode, domain, route), ExecutionModes.Map(token));

    [Theory]
    [InlineData("backtest,backtesting,compute,computeonly,Compute-Only,compute_only,offline,sandbox,validate,validation,back test", ExecutionDomain.Backtest)]
    [InlineData("dryrun,dry-run,DRY_RUN,dryrunmode,paper,papermode,papertrade,paper_trading,papertrader,sim,simulation,simulated,paper/binance", ExecutionDomain.Dryrun)]
    [InlineData("live,prod,production,Live:binance, live ", ExecutionDomain.Live)]
    [InlineData("shadow,SHADOW/x:y", ExecutionDomain.Shadow)]
    public void ParseDomain_Alias_GivesItsDomain(string tokens, ExecutionDomain expected) =>
        Assert.All(tokens.Split(','), token => Assert.Equal(expected, ExecutionModes.ParseDomain(token)));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("default")]
    [InlineData("Default/x")]
    [InlineData("alive")]
    [InlineData("/live")]
    public void ParseDomain_AbsentOrUnknown_IsNull(string? token) => Assert.Null(ExecutionModes.ParseDomain(token));

    [Theory]
    [InlineData("backtest,backtesting", ExecutionDomain.Backtest)]
    [InlineData("dryrun,dry-run,dry_run,paper", ExecutionDomain.Dryrun)]
    [InlineData("live,prod,Production", ExecutionDomain.Live)]
    [InlineData("shadow", ExecutionDomain.Shadow)]
    public void ParseExplicit_PlainWord_GivesItsDomain(string tokens, ExecutionDomain expected) =>
        Assert.All(tokens.Split(','), token => Assert.Equal(expected, ExecutionModes.ParseExplicit(token)));

    [Theory]
    [InlineData("compute-only", "backtest")]
    [InlineData("offline", "backtest")]
    [InlineData("sandbox", "backtest")]
    [InlineData("sim", "dryrun")]
    [InlineData("validate", "backtest")]
    [InlineData("default", "dryrun")]
    [InlineData("nonsense", "shadow")]
    public void ParseExplicit_OldWord_SaysWhatToWrite(string token, string advice)
    {
        var refusal = Assert.Throws<RefusalException>(() => ExecutionModes.ParseExplicit(token));
        Assert.Contains($"\"{advice}\"", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToToken_EveryModeAndDomain_ReadsBack()
    {
        Assert.All(Enum.GetValues<EffectiveMode>(), mode => Assert.Equal(mode, ExecutionModes.ParseMode(mode.ToToken())));
        Assert.All(Enum.GetValues<ExecutionDomain>(), domain => Assert.Equal(domain, ExecutionModes.ParseDomain(domain.ToToken())));
        Assert.Equal(Enum.GetValues<DowngradeReason>().Length, Enum.GetValues<DowngradeReason>().Select(reason => reason.ToToken()).Distinct().Count());
        Assert.Equal(Enum.GetValues<OrderGateReason>().Length, Enum.GetValues<OrderGateReason>().Select(reason => reason.ToToken()).Distinct().Count());
    }

    [Theory]
    [InlineData(null, "2025", ExecutionDomain.Backtest, DowngradeReason.DecisionUnavailable)]
    [InlineData(ExecutionDomain.Backtest, null, ExecutionDomain.Backtest, DowngradeReason.MissingAsOf)]
    [InlineData(ExecutionDomain.Dryrun, " ", ExecutionDomain.Backtest, DowngradeReason.MissingAsOf)]
    [InlineData(ExecutionDomain.Backtest, "2025", ExecutionDomain.Backtest, null)]
    [InlineData(ExecutionDomain.Dryrun, "2025", ExecutionDomain.Dryrun, null)]
    [InlineData(ExecutionDomain.Live, null, ExecutionDomain.Live, null)]
    [InlineData(ExecutionDomain.Shadow, null, ExecutionDomain.Shadow, null)]
    public void SafeMode_DomainAndAsOf_DecideTheFallback(ExecutionDomain? domain, string? asOf, ExecutionDomain expected, DowngradeReason? reason) =>
        Assert.Equal(new SafeModeResult(expected, reason is not null, reason, reason is not null), SafeMode.Evaluate(domain, asOf));
}

public sealed class OrderGatesTests
{
    private static readonly GateActivation Active = new(true, 0.5);

    [Theory]
    [InlineData(EffectiveMode.Live, OrderGate.Open, OrderGateReason.Active, OrderRoute.Broker, 0.5)]
    [InlineData(EffectiveMode.Paper, OrderGate.Open, OrderGateReason.Active, OrderRoute.Simulated, 0.5)]
    [InlineData(EffectiveMode.Shadow, OrderGate.Closed, OrderGateReason.ShadowBlocked, OrderRoute.None, 0)]
    [InlineData(EffectiveMode.ComputeOnly, OrderGate.Closed, OrderGateReason.ModeWithoutOrders, OrderRoute.None, 0)]
    [InlineData(EffectiveMode.Validate, OrderGate.Closed, OrderGateReason.ModeWithoutOrders, OrderRoute.None, 0)]
    [InlineData(null, OrderGate.Closed, OrderGateReason.ModeMissing, OrderRoute.None, 0)]
    public void Decide_FreshActivation_FollowsTheMode(EffectiveMode? mode, OrderGate gate, OrderGateReason reason, OrderRoute route, double weight) =>
        Assert.Equal(new OrderGateDecision(gate, reason, route, weight), OrderGates.Decide(Active, mode, isStale: false));

    [Fact]
    public void Decide_WhateverStandsAgainstIt_ClosesWithThatReason()
    {
        Assert.Equal(OrderGateReason.ActivationUnknown, Reason(null));
        Assert.Equal(OrderGateReason.ActivationStale, Reason(Active, stale: true));
        Assert.Equal(OrderGateReason.ActivationDisabled, Reason(Active with { Active = false }));
        Assert.Equal(OrderGateReason.Drained, Reason(Active with { Drain = true }));
        Assert.Equal(OrderGateReason.Frozen, Reason(Active with { Freeze = true, Drain = true }));
        Assert.Equal(OrderGateReason.WeightInvalid, Reason(Active with { Weight = double.NaN }));

        static OrderGateReason Reason(GateActivation? activation, bool stale = false)
        {
            var decision = OrderGates.Decide(activation, EffectiveMode.Live, stale);
            Assert.False(decision.IsOpen);
            return decision.Reason;
        }
    }

    [Fact]
    public void Decide_AllCombinations_OpenOnlyWhenNothingStandsAgainstIt()
    {
        bool[] either = [false, true];
        foreach (var mode in Enum.GetValues<EffectiveMode>().Cast<EffectiveMode?>().Append(null).Append((EffectiveMode)99))
            foreach (var (active, freeze, drain, stale) in from a in either from f in either from d in either from s in either select (a, f, d, s))
            {
                var expected = active && !freeze && !drain && !stale && mode is (EffectiveMode.Live or EffectiveMode.Paper);
                Assert.Equal(expected, OrderGates.Decide(new GateActivation(active, 1, freeze, drain), mode, stale).IsOpen);
            }
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0.3, 0.3)]
    [InlineData(7, 1)]
    [InlineData(double.PositiveInfinity, 1)]
    public void Decide_Weight_IsClamped(double weight, double expected) =>
        Assert.Equal(expected, OrderGates.Decide(new GateActivation(true, weight), EffectiveMode.Live, false).Weight);

    [Fact]
    public void Default_OfGateAndDecision_IsClosed()
    {
        Assert.Equal("CLOSED", default(OrderGate).ToToken());
        Assert.False(default(OrderGateDecision).IsOpen);
        Assert.Equal("OPEN", OrderGate.Open.ToToken());
    }
}
