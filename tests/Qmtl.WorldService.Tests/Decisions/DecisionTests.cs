using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Tests.Decisions;

public sealed class DecisionTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    private static readonly DecisionInputs Ready = new(
        "w", Suspended: false, AllowLive: true, CircuitBreaker: false, Shadow: false, PolicyVersion: 3, Bindings: 1, ["a"], Stages(("a", StageNames.Live)),
        new DataFacts(new HistoryReport { StrategyId = "a", NodeId = "n", DatasetFingerprint = "sha256:1", Rows = 10 }, Now), MaxLag: null, DataEnd: null, LiveFingerprint: null, Now.AddHours(-1));

    [Fact]
    public void Decide_NothingBoundOrActiveOrBroken_IsValidate()
    {
        Assert.Equal((EffectiveMode.Validate, "no_bindings"), Judge(Ready with { Bindings = 0 }));
        Assert.Equal((EffectiveMode.Validate, "no_active_strategies"), Judge(Ready with { Active = [] }));
        Assert.Equal((EffectiveMode.Validate, "circuit_breaker"), Judge(Ready with { CircuitBreaker = true }));
        Assert.Equal((EffectiveMode.Validate, "world_suspended"), Judge(Ready with { Suspended = true }));
    }

    [Fact]
    public void Decide_WithoutLivePermission_NeverReachesTheBroker()
    {
        foreach (var stages in new[] { Stages(), Stages(("a", StageNames.Paper)), Stages(("a", StageNames.Live)) })
        {
            foreach (var fingerprint in new[] { null, "sha256:1" })
            {
                foreach (var facts in new[] { null, Ready.Facts })
                {
                    var decision = Decision.Decide(Ready with { AllowLive = false, Stages = stages, LiveFingerprint = fingerprint, Facts = facts }, null, Now);
                    Assert.NotEqual(OrderRoute.Broker, ExecutionModes.Map(decision.Mode).Route);
                }
            }
        }
    }

    [Fact]
    public void Decide_ActiveOnesOnlyOnPaper_IsPaperEvenWhereLiveIsAllowed()
    {
        var paper = (EffectiveMode.Paper, "bindings_present & decisions_present & paper_observed");
        Assert.Equal(paper, Judge(Ready with { Stages = Stages(("a", StageNames.Paper)) }));
        Assert.Equal(paper, Judge(Ready with { AllowLive = false, Stages = Stages(("a", StageNames.Paper)) }));

        // Another strategy's stage, of one that is not active, says nothing; one promoted strategy among observed ones makes the ceiling live.
        Assert.Equal(paper, Judge(Ready with { Stages = Stages(("a", StageNames.Paper), ("b", StageNames.Live)) }));
        Assert.Equal(EffectiveMode.Live, Judge(Ready with { Active = ["a", "b"], Stages = Stages(("a", StageNames.Paper), ("b", StageNames.Live)) }).Mode);
        Assert.Equal(EffectiveMode.Live, Judge(Ready with { Stages = Stages() }).Mode);
    }

    [Fact]
    public void Decide_ShadowRequested_IsShadowOnceTheDataIsThere_AndNeverLive()
    {
        var shadow = Ready with { Shadow = true, LiveFingerprint = "sha256:1" };
        Assert.Equal((EffectiveMode.Shadow, "bindings_present & decisions_present & shadow_requested"), Judge(shadow));
        Assert.Equal(EffectiveMode.Shadow, Judge(shadow with { AllowLive = false }).Mode);
        Assert.Equal(EffectiveMode.ComputeOnly, Judge(shadow with { Facts = Ready.Facts! with { Report = new HistoryReport { DatasetFingerprint = "sha256:1" } } }).Mode);
        Assert.Equal(EffectiveMode.Validate, Judge(shadow with { CircuitBreaker = true }).Mode);
    }

    [Fact]
    public void Decide_DataTooOld_IsComputeOnly_AndTheTtlEndsBeforeThat()
    {
        var limited = Ready with { MaxLag = TimeSpan.FromMinutes(5) };
        Assert.Equal((EffectiveMode.ComputeOnly, "bindings_present & decisions_present & data_end_unknown"), Judge(limited));
        Assert.Equal((EffectiveMode.ComputeOnly, "bindings_present & decisions_present & data_currency_lag"), Judge(limited with { DataEnd = Now.AddMinutes(-6) }));
        var fresh = Decision.Decide(limited with { DataEnd = Now.AddMinutes(-4) }, null, Now);
        Assert.Equal((EffectiveMode.Live, TimeSpan.FromMinutes(1)), (fresh.Mode, fresh.Ttl));
    }

    [Fact]
    public void Etag_ChangesWithTheInputsAndNotWithTime()
    {
        var etag = Decision.Decide(Ready, null, Now).Etag;
        Assert.Equal(etag, Decision.Decide(Ready, null, Now.AddDays(3)).Etag);
        DecisionInputs[] others =
        [
            Ready with { PolicyVersion = 4 }, Ready with { AllowLive = false }, Ready with { Active = ["a", "b"] }, Ready with { Facts = null },
            Ready with { Facts = Ready.Facts! with { Report = new HistoryReport(Ready.Facts.Report) { DatasetFingerprint = "sha256:2" } } },
        ];
        Assert.Equal(others.Length + 1, others.Select(inputs => Decision.Decide(inputs, null, Now).Etag).Append(etag).Distinct().Count());
    }

    private static Dictionary<string, string> Stages(params (string Strategy, string Stage)[] stages) => stages.ToDictionary(pair => pair.Strategy, pair => pair.Stage, StringComparer.Ordinal);

    private static (EffectiveMode Mode, string Reason) Judge(DecisionInputs inputs)
    {
        var decision = Decision.Decide(inputs, null, Now);
        return (decision.Mode, decision.Reason);
    }
}
