using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>What a run is built from besides its verdict.</summary>
/// <param name="TotalReturns">The total return of each strategy that has one.</param>
internal sealed record RunContext(EvaluationCommand Command, PolicyOutcome Outcome, int PolicyVersion, string RulesetHash, IReadOnlyDictionary<string, double> TotalReturns, DateTimeOffset Now);

/// <summary>Turns a verdict into the record of a run. Pure.</summary>
internal static class RunBuilder
{
    public static EvaluationRun Build(RunContext context, StrategyVerdict verdict, EvaluationMetrics metrics, EvaluationRun? earlier)
    {
        var command = context.Command;
        var now = Timestamp.FromDateTimeOffset(context.Now);
        var run = new EvaluationRun
        {
            WorldId = command.WorldId,
            StrategyId = verdict.StrategyId,
            RunId = command.RunId,
            Stage = command.Stage,
            RiskTier = command.RiskTier,
            ModelCardVersion = command.ModelCardVersion,
            Metrics = metrics,
            Validation = new EvaluationValidation { PolicyVersion = context.PolicyVersion, RulesetHash = context.RulesetHash },
            Data = command.Data,
            CreatedAt = earlier?.CreatedAt ?? now,
            UpdatedAt = now,
            Revision = (earlier?.Revision ?? 0) + 1,
        };
        foreach (var (name, result) in RuleResults.Of(verdict)) run.Validation.Results.Add(name, result);
        metrics.Diagnostics = new DiagnosticMetrics { ValidationHealth = Health(run) };
        run.Summary = Summarise(context, verdict, run, earlier?.Summary);
        return run;
    }

    private static EvaluationSummary Summarise(RunContext context, StrategyVerdict verdict, EvaluationRun run, EvaluationSummary? earlier)
    {
        var command = context.Command;
        var summary = new EvaluationSummary
        {
            Status = RuleResults.Status(run.Validation.Results.Values),
            RecommendedStage = RecommendedStage(command.Stage),
            Active = verdict.Active,
            CampaignId = command.CampaignId,
            Rank = verdict.Rank,
            Score = verdict.Score,
            Weight = verdict.Active ? 1.0 / context.Outcome.Active.Count : null,
            Contribution = verdict.Active ? Contribution(context, verdict.StrategyId) : null,
            Reason = verdict.Active ? "" : verdict.Code,
        };
        SetOverride(summary, command.Override, earlier);
        summary.ActiveSet.Add(context.Outcome.Active);
        if (command.CampaignId.Length > 0) summary.CampaignCandidates.Add(command.Subjects);
        summary.ThresholdViolations.Add(verdict.Reasons.SelectMany(RuleResults.Decisive).Select(Violation).OfType<ThresholdViolation>());
        return summary;
    }

    /// <summary>A human judgement stands until another one replaces it.</summary>
    private static void SetOverride(EvaluationSummary summary, EvaluationOverride? given, EvaluationSummary? earlier)
    {
        summary.OverrideStatus = "none";
        if (given is not null) (summary.OverrideStatus, summary.OverrideReason, summary.OverrideActor, summary.OverrideTimestamp) = (given.Status, given.Reason, given.Actor, given.Timestamp);
        else if (earlier is not null) (summary.OverrideStatus, summary.OverrideReason, summary.OverrideActor, summary.OverrideTimestamp) = (earlier.OverrideStatus, earlier.OverrideReason, earlier.OverrideActor, earlier.OverrideTimestamp);
    }

    public static string RecommendedStage(string stage) => stage switch
    {
        "paper" => "paper_only",
        "live" => "paper_ok_live_candidate",
        _ => "backtest_only",
    };

    /// <summary>The share of the equally weighted active set's return that the strategy brings; unknown unless all have one.</summary>
    private static double? Contribution(RunContext context, string strategyId)
    {
        var sum = 0.0;
        foreach (var active in context.Outcome.Active)
        {
            if (!context.TotalReturns.TryGetValue(active, out var one)) return null;
            sum += one;
        }

        var share = context.TotalReturns[strategyId] / sum;
        return double.IsFinite(share) ? share : null;
    }

    private static ThresholdViolation? Violation(ReasonNode node)
    {
        if (node is not { Outcome: RuleOutcome.Fail, Metric: { } metric, Threshold: { } threshold } || node.Rule is "data_currency") return null;
        var isMax = node.Code is SelectionCodes.AboveMax || node.Rule is "correlation" or "top_k" || node.Text.Contains('<', StringComparison.Ordinal);
        var advice = node.Distance is { } distance && distance < 0
            ? string.Create(CultureInfo.InvariantCulture, $"; {(isMax ? "lower" : "raise")} it by {-distance:G4}")
            : node.Value is null ? "; report it with the evaluation" : "";
        return new ThresholdViolation
        {
            Metric = metric,
            Value = node.Value,
            ThresholdType = isMax ? "max" : "min",
            ThresholdValue = threshold,
            Message = RuleResults.Sentence(node) + advice,
        };
    }

    private static ValidationHealth Health(EvaluationRun run) => new()
    {
        MetricCoverageRatio = MetricGroups.CoreCoverage(run.Metrics),
        RulesExecutedRatio = run.Validation.Results.Count / 5.0,
        ValidationErrorCount = run.Validation.Results.Values.Count(result => string.Equals(result.ReasonCode, SelectionCodes.ScoreUndefined, StringComparison.Ordinal)),
    };
}
