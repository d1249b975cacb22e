using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Monitoring.Invariants;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Expressions;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Tests.Monitoring;

public sealed class InvariantsTests
{
    private static readonly DateTimeOffset Now = new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Report_OfASoundLiveWorld_IsOk()
    {
        var report = InvariantsHandler.Report(Sound());
        Assert.True(report.Ok, report.ToString());
    }

    [Theory]
    [InlineData("fail", 3, "live_run_not_passed")]
    [InlineData("warn", 3, "live_run_not_passed")]
    [InlineData("pass", 2, "live_policy_outdated")]
    public void LiveStatus_WhatNoLongerHolds_IsFound(string status, int version, string code)
    {
        var run = Run("live", status);
        run.Validation.PolicyVersion = version;
        var report = InvariantsHandler.Report(Sound() with { LatestRuns = [Healthy(run)] });
        Assert.Equal((false, "a", code), (report.Ok, report.LiveStatusFailures.Single().StrategyId, report.LiveStatusFailures.Single().ReasonCode));
    }

    [Fact]
    public void LiveStatus_APaperStrategy_NeedsNoLiveRun() =>
        Assert.Empty(InvariantsHandler.Report(Sound() with { Stages = [Stage("a", StageNames.Paper)], LatestRuns = [] }).LiveStatusFailures);

    [Theory]
    [InlineData(true, "Fail", "")]
    [InlineData(false, "Fail", "on_error_not_fail")]
    [InlineData(true, "Warn", "on_missing_metric_not_fail")]
    [InlineData(false, "Ignore", "on_error_not_fail,on_missing_metric_not_fail")]
    public void FailClosed_StrictWorld_NeedsAStrictPolicy(bool fail, string missing, string codes)
    {
        var policy = new PolicyDocument { Slots = new MetricSlots(), Validation = new ValidationPolicy(fail, System.Enum.Parse<MissingMetric>(missing)) };
        var strict = Sound() with { World = Strict(), Policy = policy };
        Assert.Equal(codes, string.Join(',', InvariantsHandler.Report(strict).FailClosedViolations.Select(finding => finding.ReasonCode)));
        Assert.Empty(InvariantsHandler.Report(strict with { World = World() }).FailClosedViolations);
        Assert.Equal("policy_missing", InvariantsHandler.Report(strict with { Policy = null }).FailClosedViolations.Single().ReasonCode);
    }

    [Theory]
    [InlineData("live", false, 30)]
    [InlineData("paper", false, 90)]
    [InlineData("paper", true, 30)]
    public void Overrides_AreDueAfterTheirWindow(string stage, bool strict, int days)
    {
        var facts = Sound() with { World = strict ? Strict() : World() };
        var onTheDay = InvariantsHandler.Report(facts with { Approved = [Approved(stage, Now.AddDays(-days))] }).ApprovedOverrides.Single();
        Assert.Equal((days, false, Now), (onTheDay.ReviewWindowDays, onTheDay.ReviewOverdue, onTheDay.ReviewDueAt.ToDateTimeOffset()));
        var overdue = InvariantsHandler.Report(facts with { Approved = [Approved(stage, Now.AddDays(-days).AddSeconds(-1))] });
        Assert.Equal((true, false), (overdue.ApprovedOverrides.Single().ReviewOverdue, overdue.Ok));
    }

    [Fact]
    public void Overrides_LackingFields_AreOverdueAtOnce()
    {
        var run = Approved("paper", Now);
        (run.Summary.OverrideActor, run.Summary.OverrideReason, run.Summary.OverrideTimestamp) = ("", "", null);
        var report = InvariantsHandler.Report(Sound() with { Approved = [run] });
        Assert.Equal(["override_reason", "override_actor", "override_timestamp"], report.ApprovedOverrides.Single().MissingFields);
        Assert.Equal((true, false), (report.ApprovedOverrides.Single().ReviewOverdue, report.Ok));
    }

    [Fact]
    public void Health_IsRecounted()
    {
        var touched = Healthy(Run("live", "pass"));
        touched.Metrics.Diagnostics.ValidationHealth.MetricCoverageRatio += 2e-6;
        Assert.Equal("validation_health_mismatch", InvariantsHandler.Report(Sound() with { LatestRuns = [touched] }).ValidationHealthGaps.Single().ReasonCode);
        touched.Metrics.Diagnostics.ValidationHealth.MetricCoverageRatio -= 1.5e-6;
        Assert.Empty(InvariantsHandler.Report(Sound() with { LatestRuns = [touched] }).ValidationHealthGaps);
        touched.Metrics.Diagnostics.ValidationHealth.ValidationErrorCount = 1;
        Assert.Equal("validation_health_mismatch", InvariantsHandler.Report(Sound() with { LatestRuns = [touched] }).ValidationHealthGaps.Single().ReasonCode);
        touched.Metrics.Diagnostics = null;
        Assert.Equal("validation_health_missing", InvariantsHandler.Report(Sound() with { LatestRuns = [touched] }).ValidationHealthGaps.Single().ReasonCode);
    }

    [Fact]
    public void State_Contradictions_AreFound()
    {
        var sound = Sound();
        Assert.Equal(["live_without_allow_live"], Codes(sound with { World = World() with { AllowLive = false } }));
        Assert.Equal(["live_without_stage"], Codes(sound with { Stages = [Stage("a", StageNames.Paper)] }));
        Assert.Equal(["paper_without_stage"], Codes(sound with { Stages = [], Entries = [Entry("paper")] }));
        Assert.Equal(["live_not_decided", "live_stage_not_decided"], Codes(sound with { Active = [] }));
        Assert.Equal(["circuit_breaker_not_enforced"], Codes(sound with { World = World() with { CircuitBreaker = true } }));
        Assert.Empty(Codes(sound with { World = World() with { CircuitBreaker = true }, Entries = [Entry("live") with { Freeze = true }] }));
        Assert.Equal(["held_without_freeze"], Codes(sound with { Entries = [Entry("live") with { Held = true }] }));
        Assert.Equal(["freeze_not_enforced"], Codes(sound with { World = World() with { FrozenBy = "apply-1" } }));
        Assert.Empty(Codes(sound with { World = World() with { FrozenBy = "apply-1", ApplyRunId = "apply-1" }, Entries = [Entry("live") with { Held = true }] }));
        Assert.Equal(["frozen_without_apply", "apply_without_record"], Codes(sound with { World = World() with { FrozenBy = "apply-2", ApplyRunId = "apply-3" }, Entries = [] }));
        Assert.Equal(["entry_mode_unknown"], Codes(sound with { Entries = [Entry("warp")] }));
        Assert.Equal(["entry_weight_invalid"], Codes(sound with { Entries = [Entry("live") with { Weight = double.NaN }] }));
        Assert.Equal(["stage_without_binding", "decision_without_binding"], Codes(sound with { Bound = new HashSet<string>(StringComparer.Ordinal) }));
        Assert.Equal(["stage_unknown"], Codes(sound with { Stages = [Stage("a", "moon"), Stage("a", StageNames.Live)], Entries = [] }));
        Assert.Equal(["edge_guard_missing"], Codes(sound with { Edges = [] }));
        Assert.Empty(Codes(sound with { Edges = [Edge(active: true)] }));
        Assert.Equal(["edge_open_without_allow_live"], Codes(sound with { World = World() with { AllowLive = false }, Entries = [], Edges = [Edge(active: true)] }));
    }

    [Theory]
    [InlineData("requested", false)]
    [InlineData("freeze", false)]
    [InlineData("switch", true)]
    [InlineData("unfreeze", true)]
    [InlineData("unfreeze_pending", true)]
    [InlineData("completed", true)]
    [InlineData("rolled_back", false)]
    public void State_LiveStage_NeedsAnApplyThatSwitched(string phase, bool sound)
    {
        var facts = Sound() with { ApplyRuns = new Dictionary<string, string>(StringComparer.Ordinal) { ["apply-1"] = phase } };
        Assert.Equal(sound ? [] : ["live_stage_without_apply"], Codes(facts));
        Assert.Equal(["live_stage_without_apply"], Codes(facts with { Stages = [Stage("a", StageNames.Live) with { RunId = "hand" }] }));
        Assert.Empty(Codes(facts with { Stages = [Stage("a", StageNames.Paper) with { RunId = "hand" }], Entries = [] }));
    }

    [Theory]
    [InlineData("domain:backtest", "domain:dryrun", true, "")]
    [InlineData("a", "n", true, "")]
    [InlineData("gone", "n", false, "")]
    [InlineData("gone", "n", true, "edge_end_unknown")]
    [InlineData("domain:moon", "lost", true, "edge_end_unknown,edge_end_unknown")]
    public void State_OpenEdges_HaveEndsThatExist(string src, string dst, bool active, string codes) =>
        Assert.Equal(codes, string.Join(',', Codes(Sound() with { Edges = [Edge(active: false), Edge(active) with { Src = src, Dst = dst }] })));

    private static IEnumerable<string> Codes(InvariantFacts facts)
    {
        var report = InvariantsHandler.Report(facts);
        Assert.Equal(report.StateViolations.Count == 0, report.Ok);
        return report.StateViolations.Select(finding => finding.ReasonCode);
    }

    private static InvariantFacts Sound() => new(
        World(),
        new PolicyDocument { Slots = new MetricSlots() },
        [Stage("a", StageNames.Live)],
        [Healthy(Run("live", "pass"))],
        [],
        [Entry("live")],
        ["a"],
        new HashSet<string>(["a"], StringComparer.Ordinal),
        [Edge(active: false)],
        new Dictionary<string, string>(StringComparer.Ordinal) { ["apply-1"] = "completed" },
        new HashSet<string>(["a", "n"], StringComparer.Ordinal),
        Now);

    private static WorldRow World() => new() { WorldId = "w", AllowLive = true, DefaultPolicyVersion = 3 };

    private static WorldRow Strict() => World() with { RiskProfile = Json.Write(new RiskProfile { Tier = "high", ClientCritical = true }) };

    private static StageRow Stage(string strategy, string stage) => new() { WorldId = "w", StrategyId = strategy, Stage = stage, RunId = "apply-1", Since = Now };

    private static ActivationEntry Entry(string mode) => new() { WorldId = "w", StrategyId = "a", Side = "long", Active = true, EffectiveMode = mode, EntryVersion = 1 };

    private static EdgeRow Edge(bool active) => new() { WorldId = "w", Src = "domain:backtest", Dst = "domain:live", Active = active };

    private static EvaluationRun Run(string stage, string status) => new()
    {
        WorldId = "w",
        StrategyId = "a",
        RunId = "r",
        Stage = stage,
        Metrics = MetricGroups.Build(new Dictionary<string, double>(StringComparer.Ordinal) { ["sharpe"] = 1 }),
        Validation = new EvaluationValidation { PolicyVersion = 3, Results = { ["sample"] = new RuleResult { Status = "pass", ReasonCode = "ok" } } },
        Summary = new EvaluationSummary { Status = status, OverrideStatus = "none" },
    };

    private static EvaluationRun Healthy(EvaluationRun run)
    {
        run.Metrics.Diagnostics = new DiagnosticMetrics { ValidationHealth = ValidationHealths.Of(run) };
        return run;
    }

    private static EvaluationRun Approved(string stage, DateTimeOffset at)
    {
        var run = Run(stage, "fail");
        (run.Summary.OverrideStatus, run.Summary.OverrideActor, run.Summary.OverrideReason) = ("approved", "ann", "known outage");
        run.Summary.OverrideTimestamp = Timestamp.FromDateTimeOffset(at);
        return run;
    }
}
