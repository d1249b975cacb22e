using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation.Augmentation;
using Qmtl.WorldService.Evaluation.Layers;
using Qmtl.WorldService.Evaluation.Sourcing;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Turns a judgement into the records of its runs. Pure.</summary>
internal sealed class RunBuilder
{
    private readonly EvaluationCommand _command;
    private readonly Preparation _preparation;
    private readonly Judgement _judgement;
    private readonly Timestamp _now;
    private readonly LayerResults _layers;

    public RunBuilder(EvaluationCommand command, Preparation preparation, Judgement judgement, DateTimeOffset now)
    {
        _command = command;
        _preparation = preparation;
        _judgement = judgement;
        _now = Timestamp.FromDateTimeOffset(now);
        var baselines = judgement.Origins.Where(pair => pair.Value.Baseline is not null).ToDictionary(pair => pair.Key, pair => pair.Value.Baseline!, StringComparer.Ordinal);
        _layers = new LayerResults(new LayerInputs(preparation.Policy.Document, command.Stage, judgement.Metrics, preparation.Policy.Strict, baselines));
    }

    /// <summary>The record of one strategy.</summary>
    /// <param name="earlier">The run as it stood, when it is evaluated again: what people said about it stays.</param>
    public EvaluationRun Build(string strategyId, EvaluationRun? earlier)
    {
        var verdict = _judgement.Outcome.Find(strategyId)!;
        var values = _judgement.Metrics[strategyId];
        var policy = _preparation.Policy;
        var run = new EvaluationRun
        {
            WorldId = _command.WorldId,
            StrategyId = strategyId,
            RunId = _command.RunId,
            Stage = _command.Stage,
            RiskTier = _command.RiskTier,
            ModelCardVersion = _command.ModelCardVersion,
            Metrics = MetricGroups.Build(values, _judgement.Portfolio),
            Validation = new EvaluationValidation { PolicyVersion = policy.Version, RulesetHash = policy.RulesetHash, Profile = policy.Profile?.Name ?? "" },
            Data = _command.Data,
            CreatedAt = earlier?.CreatedAt ?? _now,
            UpdatedAt = _now,
            Revision = (earlier?.Revision ?? 0) + 1,
        };
        ReasonNode[] reasons = [.. verdict.Reasons, .. policy.Profile?.Check(values, policy.Document.Validation) ?? []];
        foreach (var (name, result) in RuleResults.Of(reasons, policy.Profile)) run.Validation.Results.Add(name, result);
        foreach (var (name, result) in _layers.Of(strategyId)) run.Validation.Results.Add(name, result);
        run.Explanation.Add(reasons.Select(ReasonMessages.Of));
        run.Metrics.Diagnostics = Diagnose(run, values, _judgement.Origins[strategyId]);
        if (earlier is not null) run.ExPostFailures.Add(earlier.ExPostFailures);
        run.Summary = Summarise(verdict, reasons, run, earlier?.Summary);
        return run;
    }

    private EvaluationSummary Summarise(StrategyVerdict verdict, ReasonNode[] reasons, EvaluationRun run, EvaluationSummary? earlier)
    {
        var active = _judgement.Outcome.Active;
        var summary = new EvaluationSummary
        {
            Status = RuleResults.Status(run.Validation.Results.Values),
            RecommendedStage = RecommendedStage(_command.Stage),
            Active = verdict.Active,
            CampaignId = _command.CampaignId,
            Rank = verdict.Rank,
            Score = verdict.Score,
            Weight = verdict.Active ? 1.0 / active.Count : null,
            Contribution = verdict.Active ? Contribution(verdict.StrategyId) : null,
            Reason = verdict.Active ? "" : verdict.Code,
        };
        SetOverride(summary, _command.Override, earlier);
        summary.ActiveSet.Add(active);
        if (_command.CampaignId.Length > 0) summary.CampaignCandidates.Add(_command.Subjects);
        summary.ThresholdViolations.Add(reasons.SelectMany(RuleResults.Decisive).Select(Violation).OfType<ThresholdViolation>());
        return summary;
    }

    /// <summary>A human judgement stands until another one replaces it.</summary>
    private static void SetOverride(EvaluationSummary summary, EvaluationOverride? given, EvaluationSummary? earlier)
    {
        summary.OverrideStatus = "none";
        if (given is not null) Review.OverrideRules.Set(summary, given);
        else if (earlier is not null) (summary.OverrideStatus, summary.OverrideReason, summary.OverrideActor, summary.OverrideTimestamp) = (earlier.OverrideStatus, earlier.OverrideReason, earlier.OverrideActor, earlier.OverrideTimestamp);
    }

    public static string RecommendedStage(string stage) => stage switch
    {
        "paper" => "paper_only",
        "live" => "paper_ok_live_candidate",
        _ => "backtest_only",
    };

    /// <summary>The share of the equally weighted active set's return that the strategy brings; unknown unless all have one.</summary>
    private double? Contribution(string strategyId)
    {
        var sum = 0.0;
        foreach (var active in _judgement.Outcome.Active)
        {
            if (!_judgement.Metrics[active].TryGetValue("total_return", out var one)) return null;
            sum += one;
        }

        var share = _judgement.Metrics[strategyId]["total_return"] / sum;
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

    private DiagnosticMetrics Diagnose(EvaluationRun run, IReadOnlyDictionary<string, double> values, MetricOrigin origin)
    {
        var extra = new Struct { Fields = { ["metrics_source"] = Value.ForString(origin.Source) } };
        if (origin.Baseline is { } baseline) extra.Fields["baseline_run_id"] = Value.ForString(baseline);
        if (_preparation.Portfolio is { } portfolio) extra.Fields["risk_snapshot_version"] = Value.ForString(portfolio.Version);
        return new DiagnosticMetrics
        {
            StrategyComplexity = Complexity.Score(values),
            SearchIntensity = Complexity.Reported(values),
            ReturnsSource = _preparation.Of(run.StrategyId).Returns?.Source ?? "",
            ExtraMetrics = extra,
            ValidationHealth = ValidationHealths.Of(run),
        };
    }
}
