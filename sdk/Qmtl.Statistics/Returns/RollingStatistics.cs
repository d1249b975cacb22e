namespace Qmtl.Statistics;

/// <summary>Statistics over a sliding window: one value a bar, NaN until the window is full and where the value is undefined.</summary>
public static class RollingStatistics
{
    /// <summary>Annualised Sharpe ratio (sample deviation) of the last <paramref name="window"/> returns.</summary>
    public static double[] Sharpe(ReadOnlySpan<double> returns, int window, double barsPerYear, double riskFree = 0)
    {
        var year = Math.Sqrt(barsPerYear);
        return Slide(returns, window, moments => moments.Spread > 0 ? (moments.Mean - riskFree) / Math.Sqrt(moments.Spread / (moments.Count - 1)) * year : double.NaN);
    }

    /// <summary>Annualised volatility (sample deviation) of the last <paramref name="window"/> returns.</summary>
    public static double[] Volatility(ReadOnlySpan<double> returns, int window, double barsPerYear)
    {
        var year = Math.Sqrt(barsPerYear);
        return Slide(returns, window, moments => Math.Sqrt(moments.Spread / (moments.Count - 1)) * year);
    }

    // A window is the tail of one stretch of `window` returns and the head of the next. Tails are summed up from the back once a stretch and heads on the way,
    // so nothing is ever subtracted and rounding does not pile up over a long history.
    private static double[] Slide(ReadOnlySpan<double> returns, int window, Func<Spreading, double> value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 2);
        var values = new double[returns.Length];
        var tails = new Spreading[window + 1];
        var head = default(Spreading);
        for (var i = 0; i < returns.Length; i++)
        {
            var phase = i % window;
            head = head.With(returns[i]);
            values[i] = i < window - 1 ? double.NaN : value(tails[phase + 1].With(head));
            if (phase != window - 1) continue;
            tails[window] = default;
            for (var k = window - 1; k >= 0; k--) tails[k] = tails[k + 1].With(returns[i - window + 1 + k]);
            head = default;
        }

        return values;
    }
}
