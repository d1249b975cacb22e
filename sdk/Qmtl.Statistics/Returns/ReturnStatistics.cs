namespace Qmtl.Statistics;

/// <summary>Performance of a series of returns, one a bar, each a fraction of the equity before it (0.01 is one percent).</summary>
/// <remarks>
/// Returns must be finite (<see cref="Moments.Finite"/> drops the others). Values are null where they are undefined. Drawdowns, value at risk and expected shortfall are positive. Names without a suffix are the
/// conventional forms: sample deviation, annualised, compounded equity.
/// </remarks>
public static class ReturnStatistics
{
    /// <summary>
    /// Annualised Sharpe ratio: mean(r − rf) / sample deviation × √(bars per year). Null below two returns or without deviation.
    /// </summary>
    /// <param name="returns">Returns, one a bar.</param>
    /// <param name="barsPerYear">Bars in a year; see <see cref="TradingCalendars"/>.</param>
    /// <param name="riskFree">Risk-free return of one bar.</param>
    public static double? Sharpe(ReadOnlySpan<double> returns, double barsPerYear, double riskFree = 0) =>
        Finite(SharpePerPeriod(returns, riskFree) * Math.Sqrt(barsPerYear));

    /// <summary>Sharpe ratio of one bar with the sample deviation: mean(r − rf) / sample deviation.</summary>
    public static double? SharpePerPeriod(ReadOnlySpan<double> returns, double riskFree = 0) =>
        Ratio(Moments.Mean(returns) - riskFree, Moments.SampleDeviation(returns));

    /// <summary>Sharpe ratio of one bar with the population deviation: the form that <see cref="SharpeInference"/> is defined on.</summary>
    public static double? SharpePerPeriodPopulation(ReadOnlySpan<double> returns, double riskFree = 0) =>
        Ratio(Moments.Mean(returns) - riskFree, Moments.PopulationDeviation(returns));

    /// <summary>Annualised Sortino ratio: mean(r − rf) / √(Σ min(r − rf, 0)² / n) × √(bars per year). Null without a loss.</summary>
    public static double? Sortino(ReadOnlySpan<double> returns, double barsPerYear, double riskFree = 0) =>
        Finite(Ratio(Moments.Mean(returns) - riskFree, DownsideDeviation(returns, riskFree)) * Math.Sqrt(barsPerYear));

    /// <summary>Annualised volatility: sample deviation × √(bars per year).</summary>
    public static double? Volatility(ReadOnlySpan<double> returns, double barsPerYear) => Finite(Moments.SampleDeviation(returns) * Math.Sqrt(barsPerYear));

    /// <summary>Compounded return of the whole series: Π(1 + r) − 1.</summary>
    public static double? TotalReturn(ReadOnlySpan<double> returns)
    {
        if (returns.IsEmpty) return null;
        var equity = 1.0;
        foreach (var r in returns) equity *= 1 + r;
        return Finite(equity - 1);
    }

    /// <summary>Σr: the return without compounding.</summary>
    public static double? TotalReturnAdditive(ReadOnlySpan<double> returns) => returns.IsEmpty ? null : Finite(Moments.Sum(returns));

    /// <summary>Compound annual growth rate: Π(1 + r)^(bars per year / n) − 1. Null when more than everything was lost.</summary>
    public static double? Cagr(ReadOnlySpan<double> returns, double barsPerYear) => EquityStatistics.Cagr(1, 1 + TotalReturn(returns), returns.Length, barsPerYear);

    /// <summary>Calmar ratio: <see cref="Cagr"/> / <see cref="MaxDrawdown"/>. Null without a drawdown.</summary>
    public static double? Calmar(ReadOnlySpan<double> returns, double barsPerYear) => Ratio(Cagr(returns, barsPerYear), MaxDrawdown(returns));

    /// <summary>Largest fall of compounded equity from its peak, as a fraction of that peak. Starts from equity 1.</summary>
    public static double? MaxDrawdown(ReadOnlySpan<double> returns) => returns.IsEmpty ? null : Drawdowns.Compounded(returns).MaxDrawdown;

    /// <summary>Largest fall of the sum of returns from its peak, the peak starting at 0.</summary>
    public static double? MaxDrawdownAdditive(ReadOnlySpan<double> returns) => returns.IsEmpty ? null : Drawdowns.Additive(returns).MaxDrawdown;

    /// <summary>Ulcer index: √(mean of squared drawdowns) of compounded equity, as a fraction (Martin 1987 uses percent).</summary>
    public static double? Ulcer(ReadOnlySpan<double> returns) => returns.IsEmpty ? null : Drawdowns.Compounded(returns).Ulcer;

    /// <summary>Share of returns above zero.</summary>
    public static double? WinRatio(ReadOnlySpan<double> returns) => returns.IsEmpty ? null : (double)Count(returns, static r => r > 0) / returns.Length;

    /// <summary>Σ gains / |Σ losses|. Null without a loss; <see cref="ProfitFactorIsInfinite"/> tells whether there was a gain.</summary>
    public static double? ProfitFactor(ReadOnlySpan<double> returns) => Ratio(Gains(returns), -Losses(returns));

    /// <summary>Whether there are gains and no losses.</summary>
    public static bool ProfitFactorIsInfinite(ReadOnlySpan<double> returns) => Gains(returns) > 0 && Losses(returns) == 0;

    /// <summary>Σr / |Σ losses| (Schwager). Null without a loss.</summary>
    public static double? GainToPain(ReadOnlySpan<double> returns) => Ratio(Moments.Sum(returns), -Losses(returns));

    /// <summary>Compounded return over the additive drawdown: (Π(1 + r) − 1) / <see cref="MaxDrawdownAdditive"/>. Null without a drawdown.</summary>
    public static double? ReturnOverMaxDrawdown(ReadOnlySpan<double> returns) => Ratio(TotalReturn(returns), MaxDrawdownAdditive(returns));

    /// <summary>Sharpe ratio of one bar (population) over the additive drawdown. Null without a drawdown.</summary>
    public static double? SharpeOverMaxDrawdown(ReadOnlySpan<double> returns, double riskFree = 0) =>
        Ratio(SharpePerPeriodPopulation(returns, riskFree), MaxDrawdownAdditive(returns));

    /// <summary>Share of bars whose sum of returns stands below its peak, the peak starting at 0.</summary>
    public static double? TimeUnderWater(ReadOnlySpan<double> returns) => returns.IsEmpty ? null : Drawdowns.Additive(returns).UnderWaterShare;

    /// <summary>Longest streak of bars whose sum of returns stands below its peak.</summary>
    public static int MaxBarsUnderWater(ReadOnlySpan<double> returns) => Drawdowns.Additive(returns).LongestUnderWater;

    /// <summary>Historical value at risk of one bar: −quantile(p), 0 when that quantile is a gain.</summary>
    public static double? ValueAtRisk(ReadOnlySpan<double> returns, double p = 0.01) => Moments.Quantile(returns, p) is { } q ? Finite(Math.Max(-q, 0)) : null;

    /// <summary>Historical expected shortfall of one bar: −mean of the returns at or below quantile(p), 0 when that mean is a gain.</summary>
    public static double? ExpectedShortfall(ReadOnlySpan<double> returns, double p = 0.01)
    {
        if (Moments.Quantile(returns, p) is not { } q) return null;
        double sum = 0;
        var count = 0;
        foreach (var r in returns)
        {
            if (r > q) continue;
            sum += r;
            count++;
        }

        return count == 0 ? null : Finite(Math.Max(-sum / count, 0));
    }

    /// <summary>√(Σ min(r − rf, 0)² / n); null without returns.</summary>
    internal static double? DownsideDeviation(ReadOnlySpan<double> returns, double riskFree = 0)
    {
        double squares = 0;
        foreach (var r in returns) squares += Math.Min(r - riskFree, 0) * Math.Min(r - riskFree, 0);
        return returns.IsEmpty ? null : Math.Sqrt(squares / returns.Length);
    }

    /// <summary>Null where the quotient is undefined or not finite.</summary>
    internal static double? Ratio(double? numerator, double? denominator) => denominator is > 0 or < 0 ? Finite(numerator / denominator) : null;

    internal static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    private static double Gains(ReadOnlySpan<double> returns) => SumWhere(returns, gains: true);

    private static double Losses(ReadOnlySpan<double> returns) => SumWhere(returns, gains: false);

    private static double SumWhere(ReadOnlySpan<double> returns, bool gains)
    {
        var sum = 0.0;
        foreach (var r in returns)
        {
            if (gains ? r > 0 : r < 0) sum += r;
        }

        return sum;
    }

    private static int Count(ReadOnlySpan<double> values, Func<double, bool> condition)
    {
        var count = 0;
        foreach (var value in values)
        {
            if (condition(value)) count++;
        }

        return count;
    }
}
