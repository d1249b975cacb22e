namespace Qmtl.Statistics;

/// <summary>How straight an equity curve rises, version 1.</summary>
/// <param name="Straightness">√2 over the path length when time and equity are both scaled to 0..1 from first to last point; 1 is a straight line.</param>
/// <param name="Monotonicity">Share of steps that rise.</param>
/// <param name="NewHighFraction">Share of points that exceed every earlier one.</param>
/// <param name="RSquaredUp">R² of the regression on time when its slope is positive, else 0.</param>
/// <param name="Score">.45·R² + .45·straightness + .10·mean(monotonicity, new highs); 0 without a gain.</param>
public readonly record struct LinearityV1(double Straightness, double Monotonicity, double NewHighFraction, double RSquaredUp, double Score);

/// <summary>How straight an equity curve rises, version 2.</summary>
/// <param name="RSquaredUp">R² of the regression on time when its slope is positive, else 0.</param>
/// <param name="SpearmanRho">Rank correlation with time, −1 to 1.</param>
/// <param name="TSlope">t-statistic of the slope; null when the fit is perfect.</param>
/// <param name="TSlopeSignificance">min(|t| / 3, 1).</param>
/// <param name="TrendVariationRatio">Geometric mean, over steps of 1, 5 and 20 points, of |net change| / Σ|change|.</param>
/// <param name="TimeUnderWater">Share of points that do not exceed the earlier peak.</param>
/// <param name="NewHighFraction">1 − <paramref name="TimeUnderWater"/>.</param>
/// <param name="NormalisedDrawdown">Largest fall / |net change|.</param>
/// <param name="Score">
/// Harmonic mean of √(R²·ρ), the trend variation ratio, the new-high share and 1/(1 + normalised drawdown); 0 when the curve went the wrong way.
/// </param>
public readonly record struct LinearityV2(
    double RSquaredUp,
    double SpearmanRho,
    double? TSlope,
    double TSlopeSignificance,
    double TrendVariationRatio,
    double TimeUnderWater,
    double NewHighFraction,
    double NormalisedDrawdown,
    double Score);

/// <summary>Linearity of an equity curve, usually the running sum of returns.</summary>
public static class EquityLinearity
{
    private const double Epsilon = 1e-10;
    private const int MinPoints = 3;

    /// <summary>The running sum of returns.</summary>
    public static double[] Cumulative(ReadOnlySpan<double> returns)
    {
        var curve = new double[returns.Length];
        var sum = 0.0;
        for (var i = 0; i < curve.Length; i++) curve[i] = sum += returns[i];
        return curve;
    }

    /// <summary>Version 1; null below three points.</summary>
    public static LinearityV1? V1(ReadOnlySpan<double> curve)
    {
        if (curve.Length < MinPoints) return null;
        var net = curve[^1] - curve[0];
        var straightness = net == 0 ? 0 : Straightness(curve, net);
        var monotonicity = Monotonicity(curve);
        var newHighs = NewHighs(curve);
        var fit = Regression.OnTime(curve);
        var rSquared = fit.Slope > 0 ? fit.RSquared : 0;
        var score = net > 0 ? (.45 * rSquared) + (.45 * straightness) + (.10 * (monotonicity + newHighs) / 2) : 0;
        return new LinearityV1(straightness, monotonicity, newHighs, rSquared, score);
    }

    /// <summary>Version 2; null below three points.</summary>
    /// <param name="curve">Equity at each point.</param>
    /// <param name="up">False judges a curve that is meant to fall, by turning it over.</param>
    public static LinearityV2? V2(ReadOnlySpan<double> curve, bool up = true)
    {
        if (curve.Length < MinPoints) return null;
        if (!up)
        {
            var turned = new double[curve.Length];
            for (var i = 0; i < turned.Length; i++) turned[i] = -curve[i];
            return V2(turned);
        }

        var net = curve[^1] - curve[0];
        var fit = Regression.OnTime(curve);
        var rSquared = fit.Slope > 0 ? fit.RSquared : 0;
        var rho = Regression.SpearmanWithTime(curve);
        var tvr = TrendVariationRatio(curve);
        var newHighs = NewHighs(curve);
        var drawdown = MaxFall(curve) / (Math.Abs(net) + Epsilon);
        var significance = fit.TSlope is { } t ? Math.Min(Math.Abs(t) / 3, 1) : fit.RSquared > 0 ? 1 : 0;
        var score = net > 0 ? HarmonicMean(Math.Sqrt(Math.Clamp(rSquared, 0, 1) * Math.Max(0, rho)), tvr, newHighs, 1 / (1 + drawdown)) : 0;
        return new LinearityV2(rSquared, rho, fit.TSlope, significance, tvr, 1 - newHighs, newHighs, drawdown, score);
    }

    private static double HarmonicMean(params ReadOnlySpan<double> parts)
    {
        var sum = 0.0;
        foreach (var part in parts) sum += 1 / Math.Max(part, Epsilon);
        return parts.Length / sum;
    }

    private static double Straightness(ReadOnlySpan<double> curve, double net)
    {
        var step = 1.0 / (curve.Length - 1);
        var length = 0.0;
        for (var i = 1; i < curve.Length; i++) length += double.Hypot(step, (curve[i] - curve[i - 1]) / net);
        return Math.Sqrt(2) / length;
    }

    private static double Monotonicity(ReadOnlySpan<double> curve)
    {
        var rising = 0;
        for (var i = 1; i < curve.Length; i++) rising += curve[i] > curve[i - 1] ? 1 : 0;
        return (double)rising / (curve.Length - 1);
    }

    private static double NewHighs(ReadOnlySpan<double> curve)
    {
        var peak = double.NegativeInfinity;
        var highs = 0;
        foreach (var value in curve)
        {
            if (value <= peak) continue;
            peak = value;
            highs++;
        }

        return (double)highs / curve.Length;
    }

    private static double MaxFall(ReadOnlySpan<double> curve)
    {
        double peak = curve[0], fall = 0;
        foreach (var value in curve)
        {
            peak = Math.Max(peak, value);
            fall = Math.Max(fall, peak - value);
        }

        return fall;
    }

    private static double TrendVariationRatio(ReadOnlySpan<double> curve)
    {
        var net = Math.Abs(curve[^1] - curve[0]);
        var product = 1.0;
        ReadOnlySpan<int> scales = [1, 5, 20];
        foreach (var scale in scales)
        {
            // A curve too short to be sampled at this scale is taken as it is.
            var step = curve.Length <= 2 * scale ? 1 : scale;
            var variation = Variation(curve, step);
            product *= variation > 0 ? net / variation : 0;
        }

        return Math.Cbrt(product);
    }

    // Σ|change| over every step-th point; the last point always counts.
    private static double Variation(ReadOnlySpan<double> curve, int step)
    {
        double sum = 0, previous = curve[0];
        for (var i = step; i < curve.Length - 1; i += step)
        {
            sum += Math.Abs(curve[i] - previous);
            previous = curve[i];
        }

        return sum + Math.Abs(curve[^1] - previous);
    }
}

/// <summary>An ordinary least squares fit on the positions 0, 1, 2, ...</summary>
/// <param name="Slope">Change a position.</param>
/// <param name="RSquared">Share of variance explained, 0 to 1.</param>
/// <param name="TSlope">t-statistic of the slope; null without residuals.</param>
internal readonly record struct TimeFit(double Slope, double RSquared, double? TSlope);

internal static class Regression
{
    public static TimeFit OnTime(ReadOnlySpan<double> values)
    {
        var n = values.Length;
        var meanTime = (n - 1) / 2.0;
        var mean = Moments.Sum(values) / n;
        double covariance = 0, variance = 0, timeVariance = 0;
        for (var i = 0; i < n; i++)
        {
            covariance += (i - meanTime) * (values[i] - mean);
            variance += (values[i] - mean) * (values[i] - mean);
            timeVariance += (i - meanTime) * (i - meanTime);
        }

        if (variance <= 0) return new TimeFit(0, 0, null);
        var slope = covariance / timeVariance;
        var rSquared = Math.Clamp(covariance * covariance / (timeVariance * variance), 0, 1);
        var residual = variance * (1 - rSquared);
        double? t = n > 2 && residual > 0 ? slope / Math.Sqrt(residual / (n - 2) / timeVariance) : null;
        return new TimeFit(slope, rSquared, ReturnStatistics.Finite(t));
    }

    /// <summary>Spearman's rank correlation with time; equal values share their average rank. 0 when constant.</summary>
    public static double SpearmanWithTime(ReadOnlySpan<double> values)
    {
        var fit = OnTime(Ranks(values));
        return Math.Sign(fit.Slope) * Math.Sqrt(fit.RSquared);
    }

    private static double[] Ranks(ReadOnlySpan<double> values)
    {
        var sorted = values.ToArray();
        var order = Enumerable.Range(0, sorted.Length).ToArray();
        Array.Sort(sorted, order);
        var ranks = new double[sorted.Length];
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            for (end = start + 1; end < sorted.Length && sorted[end] == sorted[start]; end++)
            {
            }

            for (var i = start; i < end; i++) ranks[order[i]] = (start + end - 1) / 2.0;
        }

        return ranks;
    }
}
