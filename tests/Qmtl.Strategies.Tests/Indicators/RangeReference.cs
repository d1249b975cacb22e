using static Qmtl.Strategies.Tests.AverageReference;

namespace Qmtl.Strategies.Tests;

/// <summary>Ranges and trailing bands written from their formulas, slow and plain.</summary>
internal static class RangeReference
{
    public static double[] TrueRange(Ohlcv b) => [.. b.Close.Select((_, i) => i == 0
        ? b.High[0] - b.Low[0]
        : new[] { b.High[i] - b.Low[i], Math.Abs(b.High[i] - b.Close[i - 1]), Math.Abs(b.Low[i] - b.Close[i - 1]) }.Max())];

    public static double[] Atr(Ohlcv b, int n) => Wilder(TrueRange(b), n);

    public static double[] Highest(double[] x, int n) => Windows(x, n, w => w.Max());

    public static double[] Lowest(double[] x, int n) => Windows(x, n, w => w.Min());

    public static (string, double[])[] Keltner(Ohlcv b, int ema, double multiplier, int atr)
    {
        var (middle, width) = (Ema(b.Close, ema), Map(Atr(b, atr), range => multiplier * range));
        return [("middle", middle), ("upper", Map(middle, width, (m, w) => m + w)), ("lower", Map(middle, width, (m, w) => m - w))];
    }

    public static (string, double[])[] Chandelier(Ohlcv b, int n, double multiplier)
    {
        var distance = Map(Atr(b, n), range => multiplier * range);
        return [("long", Map(Highest(b.High, n), distance, (x, d) => x - d)), ("short", Map(Lowest(b.Low, n), distance, (x, d) => x + d))];
    }

    public static (string, double[])[] Ichimoku(Ohlcv b, int tenkan, int kijun, int senkou, int displacement)
    {
        double[] Middle(int n) => Map(Highest(b.High, n), Lowest(b.Low, n), (h, l) => (h + l) / 2);
        return
        [
            ("tenkan", Middle(tenkan)),
            ("kijun", Middle(kijun)),
            ("senkou_a", Shift(Map(Middle(tenkan), Middle(kijun), (t, k) => (t + k) / 2), displacement)),
            ("senkou_b", Shift(Middle(senkou), displacement)),
            ("chikou", Shift(b.Close, displacement)),
        ];
    }

    public static (string, double[])[] AccelerationBands(Ohlcv b, int n)
    {
        double[] Pushed(double[] x, int sign) => [.. x.Select((v, i) => v * (1 + (sign * 4 * (b.High[i] - b.Low[i]) / (b.High[i] + b.Low[i]))))];
        return [("middle", Sma(b.Close, n)), ("upper", Sma(Pushed(b.High, 1), n)), ("lower", Sma(Pushed(b.Low, -1), n))];
    }

    public static (string, double[])[] ChandeKroll(Ohlcv b, int p, double x, int q)
    {
        var stops = Chandelier(b, p, x);
        return [("long", Lowest(stops[1].Item2, q)), ("short", Highest(stops[0].Item2, q))];
    }

    /// <summary>The usual statement of Supertrend: final bands first, then which of them the line is.</summary>
    public static (string, double[])[] Supertrend(Ohlcv b, int n, double multiplier)
    {
        var atr = Atr(b, n);
        var (upper, lower, line, direction) = (Missing(atr.Length), Missing(atr.Length), Missing(atr.Length), Missing(atr.Length));
        for (var i = n - 1; i < atr.Length; i++)
        {
            var (basicUpper, basicLower) = (((b.High[i] + b.Low[i]) / 2) + (multiplier * atr[i]), ((b.High[i] + b.Low[i]) / 2) - (multiplier * atr[i]));
            var first = i == n - 1;
            upper[i] = first || basicUpper < upper[i - 1] || b.Close[i - 1] > upper[i - 1] ? basicUpper : upper[i - 1];
            lower[i] = first || basicLower > lower[i - 1] || b.Close[i - 1] < lower[i - 1] ? basicLower : lower[i - 1];
            var wasUpper = !first && line[i - 1] == upper[i - 1];
            direction[i] = first ? -1 : wasUpper ? (b.Close[i] > upper[i] ? 1 : -1) : (b.Close[i] < lower[i] ? -1 : 1);
            line[i] = direction[i] == 1 ? lower[i] : upper[i];
        }

        return [("supertrend", line), ("direction", direction)];
    }
}
