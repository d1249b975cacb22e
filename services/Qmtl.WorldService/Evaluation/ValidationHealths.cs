using Qmtl.V1;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Whether an evaluation saw what it needed. Pure, so that a report can compute it again from the record.</summary>
internal static class ValidationHealths
{
    private static readonly string[] CoreRules = ["data_currency", "sample", "performance", "risk_constraint", "robustness"];

    public static ValidationHealth Of(EvaluationRun run) => new()
    {
        MetricCoverageRatio = MetricGroups.CoreCoverage(run.Metrics),
        RulesExecutedRatio = CoreRules.Count(run.Validation.Results.ContainsKey) / (double)CoreRules.Length,
        ValidationErrorCount = run.Validation.Results.Values.Count(result => string.Equals(result.ReasonCode, SelectionCodes.ScoreUndefined, StringComparison.Ordinal)),
    };
}
