namespace Qmtl.Statistics;

/// <summary>A strategy beside its benchmark. Undefined values are null.</summary>
/// <param name="Beta">Covariance with the benchmark / variance of the benchmark, over excess returns.</param>
/// <param name="Alpha">Jensen's alpha, annualised: (mean excess − beta × mean excess of the benchmark) × bars per year (Jensen 1968).</param>
/// <param name="Correlation">Pearson's correlation, −1 to 1.</param>
/// <param name="RSquared">Its square: the share of variance that the benchmark explains.</param>
/// <param name="TrackingError">Sample deviation of the difference × √(bars per year).</param>
/// <param name="InformationRatio">Mean difference / its sample deviation × √(bars per year).</param>
/// <param name="Treynor">Mean excess × bars per year / beta (Treynor 1965).</param>
/// <param name="UpCapture">Mean return over bars in which the benchmark rises / the benchmark's mean there.</param>
/// <param name="DownCapture">The same where the benchmark falls; below 1 is good.</param>
public sealed record BenchmarkReport(
    double? Beta,
    double? Alpha,
    double? Correlation,
    double? RSquared,
    double? TrackingError,
    double? InformationRatio,
    double? Treynor,
    double? UpCapture,
    double? DownCapture);

/// <summary>Statistics against a benchmark.</summary>
public static class BenchmarkStatistics
{
    /// <summary>The report over the bars where both returns are finite.</summary>
    /// <param name="returns">The strategy's returns, one a bar.</param>
    /// <param name="benchmark">The benchmark's returns of the same bars.</param>
    /// <param name="barsPerYear">Bars in a year; NaN leaves what is annualised undefined.</param>
    /// <param name="riskFree">Risk-free return of one bar.</param>
    public static BenchmarkReport Of(ReadOnlySpan<double> returns, ReadOnlySpan<double> benchmark, double barsPerYear, double riskFree = 0)
    {
        if (returns.Length != benchmark.Length) throw new ArgumentException($"There are {returns.Length} returns and {benchmark.Length} of the benchmark.", nameof(benchmark));
        var (r, b) = BothFinite(returns, benchmark);
        var difference = new double[r.Length];
        for (var i = 0; i < r.Length; i++) difference[i] = r[i] - b[i];
        var (own, its) = (Moments.SampleDeviation(r), Moments.SampleDeviation(b));
        var covariance = Covariance(r, b);
        var beta = ReturnStatistics.Ratio(covariance, its * its);
        var correlation = ReturnStatistics.Ratio(covariance, own * its) is { } found ? Math.Clamp(found, -1, 1) : (double?)null;
        var excess = Moments.Mean(r) - riskFree;
        return new BenchmarkReport(
            beta,
            ReturnStatistics.Finite((excess - (beta * (Moments.Mean(b) - riskFree))) * barsPerYear),
            correlation,
            correlation * correlation,
            ReturnStatistics.Volatility(difference, barsPerYear),
            ReturnStatistics.Sharpe(difference, barsPerYear),
            ReturnStatistics.Ratio(ReturnStatistics.Finite(excess * barsPerYear), beta),
            Capture(r, b, up: true),
            Capture(r, b, up: false));
    }

    private static (double[] Own, double[] Its) BothFinite(ReadOnlySpan<double> returns, ReadOnlySpan<double> benchmark)
    {
        var own = new List<double>(returns.Length);
        var its = new List<double>(returns.Length);
        for (var i = 0; i < returns.Length; i++)
        {
            if (!double.IsFinite(returns[i]) || !double.IsFinite(benchmark[i])) continue;
            own.Add(returns[i]);
            its.Add(benchmark[i]);
        }

        return ([.. own], [.. its]);
    }

    private static double? Covariance(double[] a, double[] b)
    {
        if (a.Length < 2) return null;
        var (meanA, meanB) = (Moments.Mean(a)!.Value, Moments.Mean(b)!.Value);
        var products = new double[a.Length];
        for (var i = 0; i < a.Length; i++) products[i] = (a[i] - meanA) * (b[i] - meanB);
        return Moments.Sum(products) / (a.Length - 1);
    }

    private static double? Capture(double[] returns, double[] benchmark, bool up)
    {
        double own = 0, its = 0;
        for (var i = 0; i < returns.Length; i++)
        {
            if (up ? benchmark[i] <= 0 : benchmark[i] >= 0) continue;
            own += returns[i];
            its += benchmark[i];
        }

        return ReturnStatistics.Ratio(own, its);
    }
}
