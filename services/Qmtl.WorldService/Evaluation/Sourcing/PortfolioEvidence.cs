using Qmtl.Statistics;
using Qmtl.WorldService.Evaluation.Layers;

namespace Qmtl.WorldService.Evaluation.Sourcing;

/// <summary>What the newest fresh risk snapshot of a world says, as far as evaluations use it.</summary>
/// <param name="Version">The snapshot's version.</param>
/// <param name="Weights">Weights of the portfolio, by strategy.</param>
/// <param name="Covariance">Covariance of two strategies per period, in either order; null when not known.</param>
/// <param name="RealizedReturns">Series by name, oldest first.</param>
/// <param name="PeriodsPerYear">Periods of the series in a year.</param>
/// <param name="Stress">Scenario to metric to value.</param>
/// <param name="CandidateWeight">The weight a newcomer would get, 0 to 1; null leaves it to the formula.</param>
internal sealed record PortfolioEvidence(
    string Version,
    DateTimeOffset AsOf,
    IReadOnlyDictionary<string, double> Weights,
    Func<string, string, double?> Covariance,
    IReadOnlyDictionary<string, double[]> RealizedReturns,
    double PeriodsPerYear,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Stress,
    double? CandidateWeight)
{
    /// <summary>What it says about one strategy's part in the portfolio. Pure; what the snapshot does not tell stays out.</summary>
    public Dictionary<string, double> Derive(string strategyId)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (scenario, metrics) in Stress)
        {
            foreach (var (name, value) in metrics)
            {
                if (double.IsFinite(value)) values[$"stress.{scenario}.{name}"] = value;
            }
        }

        if (Weights.Count > 0 && IncrementalRisk.Of(Weights, Covariance, strategyId, CandidateWeight) is { } risk)
        {
            values["incremental_var_99"] = risk.ValueAtRisk;
            values["incremental_es_99"] = risk.ExpectedShortfall;
        }

        if (SharpeUplift(strategyId) is { } uplift) values["portfolio_sharpe_uplift"] = uplift;
        return values;
    }

    /// <summary>The annualised Sharpe ratio of the portfolio with the strategy minus that without it; null unless all series are there and equally long.</summary>
    private double? SharpeUplift(string strategyId)
    {
        if (!RealizedReturns.TryGetValue(strategyId, out var own)) return null;
        var others = Weights.Where(pair => pair.Value != 0 && !string.Equals(pair.Key, strategyId, StringComparison.Ordinal)).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToArray();
        var sum = others.Sum(pair => pair.Value);
        if (others.Length == 0 || sum == 0) return null;
        var without = new double[own.Length];
        foreach (var (name, weight) in others)
        {
            if (!RealizedReturns.TryGetValue(name, out var returns) || returns.Length != own.Length) return null;
            for (var i = 0; i < without.Length; i++) without[i] += weight / sum * returns[i];
        }

        var held = Weights.GetValueOrDefault(strategyId);
        var share = held != 0 ? held / (sum + held) : CandidateWeight ?? 1.0 / (others.Length + 1);
        var with = new double[own.Length];
        for (var i = 0; i < with.Length; i++) with[i] = ((1 - share) * without[i]) + (share * own[i]);
        return ReturnStatistics.Sharpe(with, PeriodsPerYear) - ReturnStatistics.Sharpe(without, PeriodsPerYear);
    }
}
