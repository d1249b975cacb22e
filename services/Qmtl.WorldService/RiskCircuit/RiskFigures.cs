using Google.Protobuf.WellKnownTypes;
using Qmtl.Statistics;
using Qmtl.WorldService.RiskHub;

namespace Qmtl.WorldService.RiskCircuit;

/// <summary>What a snapshot says of a world's risk; null where it does not say. Pure.</summary>
/// <param name="Drawdown">Largest fall of compounded realised equity from its peak, 0 to 1.</param>
/// <param name="ValueAtRisk">Value at risk of one period at 99 %, as a share of equity, 0 or more.</param>
/// <param name="Leverage">Gross exposure over equity, 0 or more.</param>
internal sealed record RiskFigures(double? Drawdown, double? ValueAtRisk, double? Leverage)
{
    /// <summary>The 99 % quantile of the standard normal distribution.</summary>
    private const double Z99 = 2.3263478740408408;

    /// <summary>From so many returns on the empirical 1 % quantile lies within the sample.</summary>
    private const int QuantileNeeds = 100;

    /// <summary>
    /// Drawdown: of the portfolio's realised returns; of several series, their sum by weight, step by step from the newest back. Value at risk: the
    /// empirical 1 % quantile of those returns or <c>z99·√(w'Σw)</c>, whichever is larger of what the snapshot allows. Leverage: the producer's
    /// <c>constraints.leverage</c>, else the sum of absolute weights.
    /// </summary>
    /// <param name="snapshot">With its large fields inline.</param>
    public static RiskFigures Of(RiskSnapshotRow snapshot)
    {
        var weights = snapshot.Weights;
        var returns = PortfolioReturns(snapshot.RealizedReturns, weights);
        return new RiskFigures(
            ReturnStatistics.MaxDrawdown(returns) is { } drawdown ? Math.Abs(drawdown) : null,
            Larger(returns.Length >= QuantileNeeds ? ReturnStatistics.ValueAtRisk(returns) : null, Parametric(snapshot, weights)),
            GrossLeverage(snapshot, weights));
    }

    private static double[] PortfolioReturns(IReadOnlyDictionary<string, double[]> series, IReadOnlyDictionary<string, double> weights)
    {
        if (series.TryGetValue(RiskSnapshotRow.Portfolio, out var portfolio)) return portfolio;

        // A series of something that is not held says nothing about the portfolio.
        var held = series.Where(pair => weights.ContainsKey(pair.Key) && pair.Value.Length > 0).ToArray();
        if (held.Length == 0) return [];
        var steps = held.Min(pair => pair.Value.Length);
        var sum = new double[steps];
        foreach (var (name, values) in held)
        {
            var newest = values.AsSpan(values.Length - steps);
            for (var i = 0; i < steps; i++) sum[i] += weights[name] * newest[i];
        }

        return sum;
    }

    private static double? Parametric(RiskSnapshotRow snapshot, IReadOnlyDictionary<string, double> weights)
    {
        if (snapshot.Snapshot.Covariance.Count == 0) return null;
        var variance = 0.0;
        foreach (var (first, weight) in weights)
        {
            foreach (var (second, other) in weights)
            {
                // A pair that was left out is uncorrelated; a name without a variance makes the figure unknown rather than small.
                if (snapshot.Covariance(first, second) is { } covariance) variance += weight * other * covariance;
                else if (string.Equals(first, second, StringComparison.Ordinal)) return null;
            }
        }

        return Z99 * Math.Sqrt(Math.Max(0, variance));
    }

    private static double? GrossLeverage(RiskSnapshotRow snapshot, IReadOnlyDictionary<string, double> weights)
    {
        if (snapshot.Constraints.Fields.TryGetValue("leverage", out var given) && given.KindCase == Value.KindOneofCase.NumberValue) return Math.Abs(given.NumberValue);
        return weights.Count == 0 ? null : weights.Values.Sum(Math.Abs);
    }

    private static double? Larger(double? one, double? other) => one is { } first && other is { } second ? Math.Max(first, second) : one ?? other;
}
