using static Qmtl.Strategies.Tests.AverageReference;

namespace Qmtl.Strategies.Tests;

/// <summary>Volume indicators written from their formulas, slow and plain.</summary>
internal static class VolumeReference
{
    public static double[] Typical(Ohlcv b) => [.. b.Close.Select((close, i) => (b.High[i] + b.Low[i] + close) / 3)];

    public static double[] Weighted(double[] price, double[] volume, int n) => PairWindows(price, volume, n, (p, v) => p.Zip(v, (x, y) => x * y).Sum() / v.Sum());

    public static double[] MoneyFlowVolume(Ohlcv b) => [.. b.Close.Select((close, i) => b.High[i] == b.Low[i]
        ? 0
        : (close - b.Low[i] - (b.High[i] - close)) / (b.High[i] - b.Low[i]) * b.Volume[i])];

    public static double[] Line(Ohlcv b, Func<double, double, double, double> share)
    {
        var line = new double[b.Close.Length];
        var sum = 0m;
        for (var i = 1; i < line.Length; i++)
        {
            sum += (decimal)share(b.Close[i], b.Close[i - 1], b.Volume[i]);
            line[i] = (double)sum;
        }

        return line;
    }

    public static double[] Cumulative(double[] x)
    {
        var sum = 0m;
        return [.. x.Select(value => (double)(sum += (decimal)value))];
    }

    public static double[] Index(Ohlcv b, Func<double, double, bool> counts)
    {
        var index = new double[b.Close.Length];
        index[0] = 1000;
        for (var i = 1; i < index.Length; i++)
            index[i] = counts(b.Volume[i], b.Volume[i - 1]) ? index[i - 1] + ((b.Close[i] - b.Close[i - 1]) / b.Close[i - 1] * index[i - 1]) : index[i - 1];
        return index;
    }

    public static double[] Mfi(Ohlcv b, int n)
    {
        var typical = Typical(b);
        return [.. typical.Select((_, i) =>
        {
            if (i < n) return double.NaN;
            var bars = Enumerable.Range(i - n + 1, n).ToArray();
            var inflow = bars.Where(j => typical[j] > typical[j - 1]).Sum(j => typical[j] * b.Volume[j]);
            var outflow = bars.Where(j => typical[j] < typical[j - 1]).Sum(j => typical[j] * b.Volume[j]);
            // As published: a ratio of flows brought to 0..100.
            return outflow == 0 ? 100 : 100 - (100 / (1 + (inflow / outflow)));
        })];
    }

    public static double[] Ease(Ohlcv b, int n, double divisor)
    {
        var one = b.Close.Select((_, i) =>
        {
            if (i == 0) return double.NaN;
            var distance = ((b.High[i] + b.Low[i]) / 2) - ((b.High[i - 1] + b.Low[i - 1]) / 2);
            var boxRatio = b.Volume[i] / divisor / (b.High[i] - b.Low[i]);
            return b.Volume[i] == 0 ? 0 : distance / boxRatio;
        }).ToArray();
        return Sma(one, n);
    }

    public static (string, double[])[] Klinger(Ohlcv b, int fast, int slow, int signal)
    {
        var force = Map(Change(Typical(b)), b.Volume, (change, volume) => change >= 0 ? volume : -volume);
        var line = Map(Ema(force, fast), Ema(force, slow), (f, s) => f - s);
        return [("kvo", line), ("signal", Ema(line, signal))];
    }

    public static double[] Change(double[] x) => [.. x.Select((v, i) => i == 0 ? double.NaN : v - x[i - 1])];

    public static double[] PairWindows(double[] x, double[] y, int n, Func<double[], double[], double> of) =>
        [.. x.Select((_, i) => i + 1 < n ? double.NaN : of(x[(i + 1 - n)..(i + 1)], y[(i + 1 - n)..(i + 1)]))];
}
