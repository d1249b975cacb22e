using Qmtl.Statistics;
using Qmtl.V1;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Computes metrics from the series of a request. Pure.</summary>
internal static class SeriesMeasures
{
    // What producers reported before they said how often their data ticks: one bar a trading day.
    private const double DefaultPeriodsPerYear = 252;
    private const double SecondsPerYear = 365 * 86_400.0;

    /// <summary>Computed for every run, whatever its policy reads: what a run shows of itself.</summary>
    private static readonly string[] Always =
    [
        "sample_days", "effective_history_years", "total_return", "cagr", "volatility", "sharpe", "sharpe_per_period", "sortino", "max_dd", "calmar", "ulcer",
        "winrate", "profit_factor", "gain_to_pain", "time_under_water", "var", "es", "psr", "dsr", "sharpe_first_half", "sharpe_second_half", "cv_sharpe_mean", "cv_sharpe_std",
    ];

    /// <summary>The metrics of <see cref="Always"/> and those that <paramref name="wanted"/> names and the registry can compute.</summary>
    public static Dictionary<string, double> Compute(StrategySeries series, EvaluationData? data, IEnumerable<string> wanted)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        var returns = Returns(series);
        if (returns.Length == 0) return values;
        var periods = data?.PeriodsPerYear ?? DefaultPeriodsPerYear;
        var input = new MetricInput { Returns = returns, Timestamps = Times(returns.Length, data, periods), BarsPerYear = periods };
        var names = Always.Union(wanted.Where(name => MetricRegistry.TryParse(name, out var definition, out _) && definition.IsComputed), StringComparer.Ordinal);
        foreach (var (name, value) in MetricRegistry.Compute(names, input))
        {
            // Trades are not in the series: what counts them comes from the producer or stays unknown.
            if (value is { } number && double.IsFinite(number)) values[name] = number;
        }

        return values;
    }

    /// <summary>Correlations of all pairs whose series are equally long; of others nobody knows which bars belong together.</summary>
    public static IReadOnlyList<PairCorrelation> Correlations(IReadOnlyDictionary<string, StrategySeries> series)
    {
        var all = series.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, Returns: Standardised(Returns(pair.Value)))).Where(pair => pair.Returns.Length > 1).ToArray();
        var pairs = new List<PairCorrelation>();
        for (var i = 0; i < all.Length; i++)
        {
            for (var j = i + 1; j < all.Length; j++)
            {
                if (all[i].Returns.Length != all[j].Returns.Length) continue;
                var product = System.Numerics.Tensors.TensorPrimitives.Dot<double>(all[i].Returns, all[j].Returns);
                if (double.IsFinite(product)) pairs.Add(new PairCorrelation(all[i].Key, all[j].Key, Math.Clamp(product, -1, 1)));
            }
        }

        return pairs;
    }

    private static double[] Returns(StrategySeries series)
    {
        if (series.Returns.Count > 0) return [.. series.Returns];
        var equity = series.Equity;
        var returns = new double[Math.Max(0, equity.Count - 1)];
        for (var i = 0; i < returns.Length; i++) returns[i] = (equity[i + 1] / equity[i]) - 1;
        return returns;
    }

    /// <summary>Centred and of length one, so that a correlation is one product. Without any deviation it is NaN throughout.</summary>
    private static double[] Standardised(double[] returns)
    {
        if (returns.Length < 2) return [];
        var mean = returns.Average();
        var centred = Array.ConvertAll(returns, r => r - mean);
        var length = Math.Sqrt(centred.Sum(r => r * r));
        return Array.ConvertAll(centred, r => r / length);
    }

    /// <summary>Evenly spaced over the time the data covers, or by its number of bars a year where only that is known.</summary>
    private static long[] Times(int count, EvaluationData? data, double periods)
    {
        var end = data?.DataEnd?.Seconds ?? 0;
        var step = data is { DataStart: { } start, DataEnd: { } last } && count > 1 && last.Seconds > start.Seconds
            ? (last.Seconds - start.Seconds) / (double)count
            : SecondsPerYear / periods;
        var times = new long[count];
        for (var i = 0; i < count; i++) times[i] = end - (long)((count - 1 - i) * step);
        return times;
    }
}
