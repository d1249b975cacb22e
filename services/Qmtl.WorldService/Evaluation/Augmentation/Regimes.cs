using Qmtl.Statistics;

namespace Qmtl.WorldService.Evaluation.Augmentation;

/// <summary>Which volatility regimes a sample has seen. Pure.</summary>
internal static class Regimes
{
    /// <summary>Bars over which volatility is measured.</summary>
    public const int Window = 20;

    /// <summary>
    /// The share of rolling population deviations (20 bars) in the low, middle and high part, cut at their own terciles by linear
    /// interpolation. A sample of one regime has everything in low. Empty below 20 returns.
    /// </summary>
    public static IReadOnlyDictionary<string, double> Coverage(ReadOnlySpan<double> returns)
    {
        var shares = new Dictionary<string, double>(StringComparer.Ordinal);
        var deviations = Deviations(returns);
        if (deviations.Length == 0) return shares;
        var (low, mid) = Terciles(deviations);
        var (lows, mids) = (0, 0);
        foreach (var deviation in deviations)
        {
            if (deviation <= low) lows++;
            else if (deviation <= mid) mids++;
        }

        shares["low"] = (double)lows / deviations.Length;
        shares["mid"] = (double)mids / deviations.Length;
        shares["high"] = (double)(deviations.Length - lows - mids) / deviations.Length;
        return shares;
    }

    /// <summary>The returns of each regime: a bar belongs to that of the window which ends with it. Empty below 20 returns.</summary>
    public static IReadOnlyDictionary<string, double[]> Split(double[] returns)
    {
        var deviations = Deviations(returns);
        if (deviations.Length == 0) return new Dictionary<string, double[]>(StringComparer.Ordinal);
        var (low, mid) = Terciles(deviations);
        var split = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        for (var i = 0; i < deviations.Length; i++)
        {
            var regime = deviations[i] <= low ? "low" : deviations[i] <= mid ? "mid" : "high";
            if (!split.TryGetValue(regime, out var bars)) split.Add(regime, bars = new List<double>(deviations.Length / 3));
            bars.Add(returns[i + Window - 1]);
        }

        return split.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>Population deviation of each window, each computed afresh: running sums lose the small differences that matter here.</summary>
    public static double[] Deviations(ReadOnlySpan<double> returns)
    {
        if (returns.Length < Window) return [];
        var deviations = new double[returns.Length - Window + 1];
        for (var i = 0; i < deviations.Length; i++)
        {
            var window = returns.Slice(i, Window);
            var mean = 0.0;
            foreach (var value in window) mean += value;
            mean /= Window;
            var squares = 0.0;
            foreach (var value in window) squares += (value - mean) * (value - mean);
            deviations[i] = Math.Sqrt(squares / Window);
        }

        return deviations;
    }

    private static (double Low, double Mid) Terciles(double[] deviations) => (Moments.Quantile(deviations, 1 / 3.0)!.Value, Moments.Quantile(deviations, 2 / 3.0)!.Value);
}
