using Qmtl.Statistics;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>Computes the metrics of one strategy from its returns. Pure.</summary>
internal static class SeriesMeasures
{
    private const double SecondsPerDay = 86_400;

    /// <summary>Computed for every run, whatever its policy reads: what a run shows of itself.</summary>
    private static readonly string[] Always =
    [
        "sample_days", "effective_history_years", "total_return", "cagr", "volatility", "sharpe", "sharpe_per_period", "sortino", "max_dd", "calmar", "ulcer",
        "winrate", "profit_factor", "gain_to_pain", "time_under_water", "var", "es", "psr", "dsr", "sharpe_first_half", "sharpe_second_half",
    ];

    /// <summary>The metrics of <see cref="Always"/>, stability, linearity and regimes, and those that <paramref name="wanted"/> names and the registry can compute.</summary>
    /// <param name="trials">How many strategies or parameter sets were tried before this one, at least 1.</param>
    public static Dictionary<string, double> Compute(StrategyReturns returns, IEnumerable<string> wanted, int trials = 1)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        if (returns.Values.Length == 0) return values;
        var input = new MetricInput { Returns = returns.Values, Timestamps = returns.Times(), BarsPerYear = returns.PeriodsPerYear, Trials = trials };
        var names = Always.Union(wanted.Where(name => MetricRegistry.TryParse(name, out var definition, out _) && definition.IsComputed), StringComparer.Ordinal);
        // Trades are not in the series: what counts them comes from the producer or stays unknown.
        foreach (var (name, value) in MetricRegistry.Compute(names, input)) Add(values, name, value);
        AddStability(values, returns);
        AddLinearity(values, "", returns.Values);
        foreach (var (regime, share) in Regimes.Coverage(returns.Values)) values[$"regime_coverage.{regime}"] = share;
        values["max_time_under_water_days"] = ReturnStatistics.MaxBarsUnderWater(returns.Values) * returns.SecondsPerBar / SecondsPerDay;
        return values;
    }

    /// <summary>How straight the sum of returns rises, under <c>el_v1_*</c> and <c>el_v2_*</c> behind a prefix.</summary>
    public static void AddLinearity(Dictionary<string, double> values, string prefix, ReadOnlySpan<double> returns)
    {
        var curve = EquityLinearity.Cumulative(returns);
        if (EquityLinearity.V1(curve) is { } v1)
        {
            Add(values, prefix + "el_v1_score", v1.Score);
            Add(values, prefix + "el_v1_straightness", v1.Straightness);
            Add(values, prefix + "el_v1_monotonicity", v1.Monotonicity);
            Add(values, prefix + "el_v1_new_high_frac", v1.NewHighFraction);
        }

        if (EquityLinearity.V2(curve) is not { } v2) return;
        Add(values, prefix + "el_v2_score", v2.Score);
        Add(values, prefix + "el_v2_r2_up", v2.RSquaredUp);
        Add(values, prefix + "el_v2_spearman_rho", v2.SpearmanRho);
        Add(values, prefix + "el_v2_t_slope", v2.TSlope);
        Add(values, prefix + "el_v2_t_slope_sig", v2.TSlopeSignificance);
        Add(values, prefix + "el_v2_tvr", v2.TrendVariationRatio);
        Add(values, prefix + "el_v2_tuw", v2.TimeUnderWater);
        Add(values, prefix + "el_v2_mdd_norm", v2.NormalisedDrawdown);
    }

    /// <summary>Correlations of all pairs whose series are equally long; of others nobody knows which bars belong together.</summary>
    public static IReadOnlyList<PairCorrelation> Correlations(IReadOnlyDictionary<string, StrategyReturns> series)
    {
        var all = series.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, Returns: Standardised(pair.Value.Values))).Where(pair => pair.Returns.Length > 1).ToArray();
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

    private static void AddStability(Dictionary<string, double> values, StrategyReturns returns)
    {
        if (SharpeStability.CrossValidated(returns.Values, returns.PeriodsPerYear) is not { } folded) return;
        values["cv_folds"] = folded.Folds;
        Add(values, "cv_sharpe_mean", folded.Mean);
        Add(values, "cv_sharpe_std", folded.Deviation);
    }

    private static void Add(Dictionary<string, double> values, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number)) values[name] = number;
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
}
