using Qmtl.V1;
using Qmtl.WorldService.Policies.Layers;

namespace Qmtl.WorldService.Evaluation.Layers;

/// <summary>
/// Whether a strategy keeps up live what it promised. Each strategy is judged by its own numbers: a mean over all of them would
/// let good ones hide the one that fails. Pure.
/// </summary>
internal static class LiveMonitoringRule
{
    /// <summary>The result of one strategy.</summary>
    /// <param name="metrics">live_sharpe or realized_sharpe, live_max_drawdown or realized_max_drawdown, live_vs_backtest_sharpe_ratio.</param>
    /// <param name="missingFails">Whether a number that nobody knows fails; else it warns.</param>
    public static RuleResult Judge(LiveMonitoringPolicy policy, IReadOnlyDictionary<string, double> metrics, bool missingFails = false)
    {
        var drawdown = Find(metrics, "live_max_drawdown", "realized_max_drawdown");
        var result = LayerRule.Judge(
            LayerKind.LiveMonitoring,
            policy,
            [
                LayerCheck.Min("live_sharpe", Find(metrics, "live_sharpe", "realized_sharpe"), policy.SharpeMin, "live_sharpe_below_min", "live_sharpe_missing"),
                LayerCheck.Max("live_max_drawdown", drawdown is { } depth ? Math.Abs(depth) : null, policy.DdMax, "live_dd_exceeds_max", "live_dd_missing"),
                LayerCheck.Min("live_vs_backtest_sharpe_ratio", Find(metrics, "live_vs_backtest_sharpe_ratio"), policy.DecayThreshold, "live_decay_below_threshold", "live_decay_missing"),
            ],
            missingFails);
        if (policy.LookbackDays is { } days) result.Details.Fields["lookback_days"] = Google.Protobuf.WellKnownTypes.Value.ForNumber(days);
        return result;
    }

    private static double? Find(IReadOnlyDictionary<string, double> metrics, string name, string? otherwise = null) =>
        metrics.TryGetValue(name, out var value) || (otherwise is not null && metrics.TryGetValue(otherwise, out value)) ? value : null;
}
