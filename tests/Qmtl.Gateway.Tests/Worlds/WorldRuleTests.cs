using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Worlds;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Worlds;

/// <summary>The rules between the Gateway and WorldService, row by row.</summary>
public sealed class WorldRuleTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("max-age=60", 10.0, 60)]
    [InlineData("private, max-age=60", 10.0, 60)]
    [InlineData("max-age=0", 10.0, 0)]
    [InlineData("max-age=-5", 10.0, 0)]
    [InlineData("no-store", 10.0, 0)]
    [InlineData("no-cache", 10.0, 0)]
    [InlineData("private", 10.0, 10)]
    [InlineData("", 10.0, 10)]
    [InlineData(null, 10.0, 10)]
    [InlineData(null, 0.0, 0)]
    [InlineData(null, -1.0, 0)]
    [InlineData(null, null, 300)]
    public void TtlOf_HeaderThenEnvelopeThenDefault_NothingNegative(string? header, double? ttl, int seconds) =>
        Assert.Equal(
            TimeSpan.FromSeconds(seconds),
            CacheRules.TtlOf(header, ttl is { } value ? Duration.FromTimeSpan(TimeSpan.FromSeconds(value)) : null, TimeSpan.FromSeconds(300)));

    [Theory]
    [InlineData("live", false, false, "live", "live", null, false)]
    [InlineData("paper", false, false, "paper", "dryrun", null, false)]
    [InlineData("paper", true, false, "paper", "backtest", "missing_as_of", true)]
    [InlineData("validate", false, false, "validate", "backtest", null, false)]
    [InlineData("validate", true, false, "validate", "backtest", "missing_as_of", true)]
    [InlineData("compute-only", true, false, "compute-only", "backtest", "missing_as_of", true)]
    [InlineData("shadow", true, false, "shadow", "shadow", null, false)]
    [InlineData("", false, false, "", "backtest", "decision_unavailable", true)]
    [InlineData("of another planet", false, false, "of another planet", "backtest", "decision_unavailable", true)]
    [InlineData("live", false, true, "compute-only", "backtest", "stale_decision", true)]
    [InlineData(null, false, true, "compute-only", "backtest", "decision_unavailable", true)]
    public void Decision_Augmented_SaysWhereItLetsAStrategyRun(string? mode, bool unpinned, bool stale, string expected, string domain, string? reason, bool safe)
    {
        var decision = mode is null ? null : new DecisionEnvelope { WorldId = "w", EffectiveMode = mode, AsOf = Timestamp.FromDateTimeOffset(Now), DatasetFingerprint = unpinned ? null : "fp" };

        var envelope = Augmentation.Decision("w", new DecisionReading(decision, stale), Now);

        Assert.Equal((expected, domain, reason, safe), (envelope.EffectiveMode, envelope.ExecutionDomain, envelope.ComputeContext.DowngradeReason, envelope.ComputeContext.SafeMode));
        Assert.Equal(domain, envelope.ComputeContext.ExecutionDomain);
        // Relayed only: what is remembered stays as it came.
        Assert.NotSame(decision, envelope);
        Assert.True(decision is null || (decision.ComputeContext is null && decision.EffectiveMode == mode));
    }

    [Theory]
    [InlineData(false, "live", "live", false)]
    [InlineData(true, "live", "paper", true)]
    [InlineData(true, "active", "paper", true)]
    [InlineData(true, "nonsense", "paper", true)]
    [InlineData(true, "paper", "live", false)]
    [InlineData(true, "shadow", "live", false)]
    [InlineData(true, null, "live", true)]
    [InlineData(true, null, "paper", false)]
    [InlineData(true, null, "validate", false)]
    [InlineData(true, null, null, true)]
    [InlineData(true, null, "nonsense", true)]
    public void MayGoLive_Entry_IsWhatItSaysOrElseWhatItsWorldDecides(bool active, string? mode, string? decided, bool expected)
    {
        var reading = new DecisionReading(decided is null ? null : new DecisionEnvelope { EffectiveMode = decided }, IsStale: decided is null);

        Assert.Equal(expected, LiveGuard.MayGoLive(new PutActivationRequest { Active = active, EffectiveMode = mode }, reading));
    }

    [Fact]
    public void MayGoLive_StaleDecision_MayBeLive() =>
        Assert.True(LiveGuard.MayGoLive(new PutActivationRequest { Active = true }, new DecisionReading(new DecisionEnvelope { EffectiveMode = "paper" }, IsStale: true)));

    [Fact]
    public void Breaker_FailuresInARow_OpensLetsOneTryAndCloses()
    {
        var clock = new ManualClock();
        using var breaker = new WorldServiceBreaker(new WorldServiceOptions(), clock);
        breaker.Failed();
        breaker.Failed();
        breaker.Succeeded();
        breaker.Failed();
        breaker.Failed();
        Assert.True(breaker.MayCall());

        breaker.Failed();

        Assert.True(breaker.IsOpen);
        Assert.False(breaker.MayCall());
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((true, false), (breaker.MayCall(), breaker.MayCall()));
        breaker.Succeeded();
        Assert.True(breaker.MayCall());
        Assert.False(breaker.IsOpen);
    }
}
