using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Evaluation.Augmentation;
using Qmtl.WorldService.Evaluation.Layers;

namespace Qmtl.WorldService.Monitoring.Live;

/// <summary>Turns figures into the live run of a strategy. Pure.</summary>
internal static class LiveRuns
{
    public const string Rule = "live_monitoring";
    public const string NotConfigured = "live_monitoring_not_configured";

    /// <summary>One run for each time a strategy is live; monitoring it again revises that.</summary>
    public static string RunId(string strategyId, DateTimeOffset since) => string.Create(CultureInfo.InvariantCulture, $"live-{strategyId}-{since.ToUnixTimeSeconds()}");

    /// <summary>Equal while there is nothing new to record.</summary>
    public static string InputHash(LiveEvidence evidence, LiveStrategy strategy, LiveFigures figures)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{evidence.RulesetHash}\n{evidence.PolicyVersion}\n{evidence.Strict}\n{evidence.RiskTier}\n{figures.Source}\n{figures.Points}\n{figures.Sharpe:R}\n{figures.MaxDrawdown:R}\n{figures.SharpeRatio:R}\n{evidence.Active.Contains(strategy.StrategyId, StringComparer.Ordinal)}");
        return NodeId.Prefix + Blake3.HashHex(Encoding.UTF8.GetBytes(text));
    }

    public static EvaluationRun Build(LiveEvidence evidence, LiveStrategy strategy, LiveFigures figures, EvaluationRun? earlier, DateTimeOffset now)
    {
        var metrics = MetricGroups.Build(figures.ToMetrics());
        metrics.Diagnostics = new DiagnosticMetrics { ReturnsSource = figures.Source, ExtraMetrics = new Struct { Fields = { ["live_points"] = Value.ForNumber(figures.Points) } } };
        var run = new EvaluationRun
        {
            WorldId = evidence.WorldId,
            StrategyId = strategy.StrategyId,
            RunId = RunId(strategy.StrategyId, strategy.Since),
            Stage = "live",
            RiskTier = evidence.RiskTier,
            ModelCardVersion = earlier?.ModelCardVersion ?? "",
            Metrics = metrics,
            Validation = new EvaluationValidation { PolicyVersion = evidence.PolicyVersion, RulesetHash = evidence.RulesetHash },
            CreatedAt = earlier?.CreatedAt ?? Timestamp.FromDateTimeOffset(now),
            UpdatedAt = Timestamp.FromDateTimeOffset(now),
            Revision = (earlier?.Revision ?? 0) + 1,
        };
        var result = Judge(evidence, figures);
        run.Validation.Results.Add(Rule, result);
        metrics.Diagnostics.ValidationHealth = ValidationHealths.Of(run);
        run.Summary = Summarise(evidence, strategy, result, earlier?.Summary);
        return run;
    }

    /// <summary>Each strategy by its own figures. A policy that asks for nothing is no proof that all is well.</summary>
    private static RuleResult Judge(LiveEvidence evidence, LiveFigures figures) => evidence.Policy.LiveMonitoring is { } policy
        ? LiveMonitoringRule.Judge(policy, figures.ToMetrics(), evidence.Strict)
        : new RuleResult
        {
            Status = "warn",
            Severity = "info",
            Owner = "risk",
            ReasonCode = NotConfigured,
            Reason = "the policy has no section live_monitoring, so nothing says what live results must keep up",
        };

    private static EvaluationSummary Summarise(LiveEvidence evidence, LiveStrategy strategy, RuleResult result, EvaluationSummary? earlier)
    {
        var active = evidence.Active.Contains(strategy.StrategyId, StringComparer.Ordinal);
        var summary = new EvaluationSummary
        {
            Status = RuleResults.Status([result]),
            RecommendedStage = RunBuilder.RecommendedStage("live"),
            Active = active,
            Reason = result.Status is "pass" ? "" : result.ReasonCode,

            // A human judgement stands until another one replaces it.
            OverrideStatus = earlier?.OverrideStatus ?? "none",
            OverrideReason = earlier?.OverrideReason ?? "",
            OverrideActor = earlier?.OverrideActor ?? "",
            OverrideTimestamp = earlier?.OverrideTimestamp,
        };
        summary.ActiveSet.Add(evidence.Active);
        return summary;
    }
}
