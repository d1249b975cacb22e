using MathNet.Numerics.Distributions;

namespace Qmtl.Statistics;

/// <summary>How likely a Sharpe ratio is real, given the length and shape of its sample and the number of trials it was chosen from.</summary>
/// <remarks>
/// Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier" (2012) and "The Deflated Sharpe Ratio" (2014). All Sharpe ratios here are of
/// one bar with the population deviation; annualised ones would not fit the error estimate.
/// </remarks>
public static class SharpeInference
{
    private const double EulerMascheroni = 0.5772156649015329;

    /// <summary>Standard error of the Sharpe ratio: √((1 − skew·SR + (kurt − 1)/4·SR²) / (n − 1)). Null where that is undefined.</summary>
    public static double? StandardError(ReadOnlySpan<double> returns)
    {
        if (returns.Length < 2 || ReturnStatistics.SharpePerPeriodPopulation(returns) is not { } sharpe) return null;
        if (Moments.Skewness(returns) is not { } skew || Moments.Kurtosis(returns) is not { } kurtosis) return null;
        var variance = (1 - (skew * sharpe) + ((kurtosis - 1) / 4 * sharpe * sharpe)) / (returns.Length - 1);
        return variance > 0 ? Math.Sqrt(variance) : null;
    }

    /// <summary>Probabilistic Sharpe ratio: the probability, 0 to 1, that the true ratio of one bar exceeds <paramref name="benchmark"/>.</summary>
    public static double? Probabilistic(ReadOnlySpan<double> returns, double benchmark = 0) =>
        StandardError(returns) is { } error ? Normal.CDF(0, 1, (ReturnStatistics.SharpePerPeriodPopulation(returns)!.Value - benchmark) / error) : null;

    /// <summary>
    /// Deflated Sharpe ratio: <see cref="Probabilistic"/> against the ratio expected of the best of <paramref name="trials"/> worthless strategies.
    /// It never grows with the number of trials.
    /// </summary>
    /// <param name="returns">Returns, one a bar.</param>
    /// <param name="trials">How many strategies or parameter sets were tried, at least 1.</param>
    /// <param name="trialVariance">
    /// Variance of the trials' Sharpe ratios of one bar, as in the paper. Without it the sample's own error takes its place.
    /// </param>
    public static double? Deflated(ReadOnlySpan<double> returns, int trials, double? trialVariance = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        if (trialVariance is { } variance) ArgumentOutOfRangeException.ThrowIfNegative(variance, nameof(trialVariance));
        if (StandardError(returns) is not { } error) return null;
        return Probabilistic(returns, (trialVariance is { } given ? Math.Sqrt(given) : error) * ExpectedMaximum(trials));
    }

    /// <summary>
    /// Minimum track record length: how many bars like these it takes before <see cref="Probabilistic"/> reaches <paramref name="confidence"/>:
    /// 1 + (1 − skew·SR + (kurt − 1)/4·SR²)·(Φ⁻¹(confidence) / (SR − benchmark))². Null when the ratio does not exceed the benchmark.
    /// </summary>
    public static double? MinimumTrackRecord(ReadOnlySpan<double> returns, double benchmark = 0, double confidence = 0.95)
    {
        if (confidence is not (> 0.5 and < 1)) throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "The confidence must lie between 0.5 and 1.");
        if (StandardError(returns) is not { } error || ReturnStatistics.SharpePerPeriodPopulation(returns) is not { } sharpe || sharpe <= benchmark) return null;
        var z = Normal.InvCDF(0, 1, confidence) * error / (sharpe - benchmark);
        return ReturnStatistics.Finite(1 + ((returns.Length - 1) * z * z));
    }

    /// <summary>Expected maximum of N standard normal draws: (1 − γ)·Φ⁻¹(1 − 1/N) + γ·Φ⁻¹(1 − 1/(N·e)); 0 for one draw.</summary>
    public static double ExpectedMaximum(int trials)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        if (trials == 1) return 0;
        // Φ⁻¹(1 − p) as −Φ⁻¹(p): 1 − p has no digits left for large N.
        return -((1 - EulerMascheroni) * Normal.InvCDF(0, 1, 1.0 / trials)) - (EulerMascheroni * Normal.InvCDF(0, 1, 1 / (trials * Math.E)));
    }
}
