using MathNet.Numerics.Distributions;

namespace Qmtl.Statistics;

/// <summary>What the ends of a distribution of returns look like. Returns must be finite; undefined values are null; losses are positive.</summary>
public static class TailStatistics
{
    /// <summary>Ω(θ) = Σ max(r − θ, 0) / Σ max(θ − r, 0) (Keating and Shadwick 2002). Null without a return below the threshold.</summary>
    /// <param name="returns">Returns, one a bar.</param>
    /// <param name="threshold">Return of one bar that counts as neither gain nor loss.</param>
    public static double? Omega(ReadOnlySpan<double> returns, double threshold = 0)
    {
        double above = 0, below = 0;
        foreach (var r in returns)
        {
            above += Math.Max(r - threshold, 0);
            below += Math.Max(threshold - r, 0);
        }

        return ReturnStatistics.Ratio(above, below);
    }

    /// <summary>|95% quantile| / |5% quantile|: above 1 the good end is longer than the bad one (as in empyrical). Null when the 5% quantile is 0.</summary>
    public static double? TailRatio(ReadOnlySpan<double> returns) =>
        ReturnStatistics.Ratio(Magnitude(Moments.Quantile(returns, 0.95)), Magnitude(Moments.Quantile(returns, 0.05)));

    /// <summary>Value at risk of one bar by the expansion of Cornish and Fisher, which corrects the normal quantile for skewness and kurtosis; 0 when it is a gain.</summary>
    /// <remarks>
    /// −(μ + σ·h), h = z + (z² − 1)·S/6 + (z³ − 3z)·K/24 − (2z³ − 5z)·S²/36, z = Φ⁻¹(p), with population moments and excess kurtosis K
    /// (Favre and Galeano 2002, "modified VaR"). It approximates; far from normal returns the historical figures are better.
    /// </remarks>
    public static double? CornishFisherValueAtRisk(ReadOnlySpan<double> returns, double p = 0.01)
    {
        if (Shape(returns, p) is not { } s) return null;
        var (z, skew, excess) = (s.Z, s.Skewness, s.Excess);
        var h = z + (((z * z) - 1) * skew / 6) + (((z * z * z) - (3 * z)) * excess / 24) - (((2 * z * z * z) - (5 * z)) * skew * skew / 36);
        return ReturnStatistics.Finite(Math.Max(-(s.Mean + (s.Deviation * h)), 0));
    }

    /// <summary>Expected shortfall of one bar by the same expansion; 0 when it is a gain.</summary>
    /// <remarks>−μ + σ·φ(z)/p·(1 + z·S/6 + (z² − 1)·K/24 + (1 − 2z²)·S²/36): the mean of the quantiles below p (Maillard 2012).</remarks>
    public static double? CornishFisherShortfall(ReadOnlySpan<double> returns, double p = 0.01)
    {
        if (Shape(returns, p) is not { } s) return null;
        var z = s.Z;
        var factor = 1 + (z * s.Skewness / 6) + (((z * z) - 1) * s.Excess / 24) + ((1 - (2 * z * z)) * s.Skewness * s.Skewness / 36);
        return ReturnStatistics.Finite(Math.Max((s.Deviation * Normal.PDF(0, 1, z) / p * factor) - s.Mean, 0));
    }

    private static double? Magnitude(double? value) => value is { } number ? Math.Abs(number) : null;

    private static (double Mean, double Deviation, double Skewness, double Excess, double Z)? Shape(ReadOnlySpan<double> returns, double p)
    {
        if (p is not (> 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(p), p, "The probability must lie between 0 and 1.");
        return Moments.Skewness(returns) is { } skew && Moments.Kurtosis(returns) is { } kurtosis
            ? (Moments.Mean(returns)!.Value, Moments.PopulationDeviation(returns)!.Value, skew, kurtosis - 3, Normal.InvCDF(0, 1, p))
            : null;
    }
}
