using static Qmtl.Strategies.Tests.AverageReference;

namespace Qmtl.Strategies.Tests;

/// <summary>Oscillators written from their formulas, slow and plain.</summary>
internal static class OscillatorReference
{
    public static double[] Changes(double[] x, int n = 1) => Map(x, Shift(x, n), (now, before) => now - before);

    public static double[] Rsi(double[] x, int n)
    {
        var changes = Changes(x);
        var gains = Wilder(Map(changes, c => c > 0 ? c : 0), n);
        var losses = Wilder(Map(changes, c => c < 0 ? -c : 0), n);
        return Map(gains, losses, (gain, loss) => gain == 0 && loss == 0 ? 50 : loss == 0 ? 100 : 100 - (100 / (1 + (gain / loss))));
    }

    /// <summary>Where x stands between the lowest of a and the highest of b in the last n bars, 0..100; 0 if they are equal.</summary>
    public static double[] Place(double[] x, double[] lows, double[] highs, int n)
    {
        var lowest = Windows(lows, n, w => w.Min());
        var highest = Windows(highs, n, w => w.Max());
        return Map(Map(x, lowest, (v, l) => v - l), Map(highest, lowest, (h, l) => h - l), (part, whole) => whole == 0 ? 0 : 100 * part / whole);
    }

    public static (string, double[])[] Macd(string name, double[] line, int signal)
    {
        var average = Ema(line, signal);
        return [(name, line), ("signal", average), ("histogram", Map(line, average, (a, b) => a - b))];
    }

    public static double[] Cci(double[] x, int n) => Windows(x, n, w =>
    {
        var mean = w.Sum() / n;
        var deviation = w.Sum(v => Math.Abs(v - mean)) / n;
        return w.All(v => v == w[0]) ? 0 : (w[^1] - mean) / (0.015 * deviation);
    });

    public static double[] Cmo(double[] x, int n) => Windows(Changes(x), n, w =>
    {
        var up = w.Where(c => c > 0).Sum();
        var down = -w.Where(c => c < 0).Sum();
        return up + down == 0 ? 0 : 100 * (up - down) / (up + down);
    });

    public static double[] Tsi(double[] x, int slow, int fast)
    {
        var changes = Changes(x);
        return Map(Ema(Ema(changes, slow), fast), Ema(Ema(Map(changes, Math.Abs), slow), fast), (net, size) => size == 0 ? 0 : 100 * net / size);
    }

    public static double[] Ultimate(Ohlcv b, int fast, int middle, int slow)
    {
        double Average(int i, int n)
        {
            var bars = Enumerable.Range(i - n + 1, n).ToArray();
            var pressure = bars.Sum(j => b.Close[j] - Math.Min(b.Low[j], b.Close[j - 1]));
            var range = bars.Sum(j => Math.Max(b.High[j], b.Close[j - 1]) - Math.Min(b.Low[j], b.Close[j - 1]));
            return range == 0 ? 0 : pressure / range;
        }

        return [.. b.Close.Select((_, i) => i < slow ? double.NaN : 100 * ((4 * Average(i, fast)) + (2 * Average(i, middle)) + Average(i, slow)) / 7)];
    }

    /// <summary>ADX, +DI and -DI as Wilder's worksheet has them: running totals that give up 1 / n of themselves each bar.</summary>
    public static (string, double[])[] Adx(Ohlcv b, int n)
    {
        var length = b.Close.Length;
        var (plus, minus, dx) = (Missing(length), Missing(length), Missing(length));
        double up = 0, down = 0, range = 0;
        for (var i = 1; i < length; i++)
        {
            var (rise, fall) = (b.High[i] - b.High[i - 1], b.Low[i - 1] - b.Low[i]);
            var reach = new[] { b.High[i] - b.Low[i], Math.Abs(b.High[i] - b.Close[i - 1]), Math.Abs(b.Low[i] - b.Close[i - 1]) }.Max();
            var keep = i <= n ? 1 : 1 - (1.0 / n);
            up = (up * keep) + (rise > fall && rise > 0 ? rise : 0);
            down = (down * keep) + (fall > rise && fall > 0 ? fall : 0);
            range = (range * keep) + reach;
            if (i < n) continue;
            plus[i] = range == 0 ? 0 : 100 * up / range;
            minus[i] = range == 0 ? 0 : 100 * down / range;
            dx[i] = up + down == 0 ? 0 : 100 * Math.Abs(up - down) / (up + down);
        }

        return [("adx", Wilder(dx, n)), ("plus_di", plus), ("minus_di", minus)];
    }

    /// <summary>100 (n - bars since the newest extreme of n + 1) / n.</summary>
    public static double[] Recency(double[] x, int n, Func<double[], double> extreme) =>
        Windows(x, n + 1, w => 100.0 * Array.LastIndexOf(w, extreme(w)) / n);

    /// <summary>The parabolic stop, both trends written out.</summary>
    public static double[] Psar(double[] high, double[] low, double step, double max)
    {
        var stops = Missing(high.Length);
        var (rise, fall) = (high[1] - high[0], low[0] - low[1]);
        var rising = !(fall > 0 && fall > rise);
        var stop = rising ? low[0] : high[0];
        var extreme = rising ? high[1] : low[1];
        var factor = step;
        for (var i = 1; i < high.Length; i++)
        {
            // The second bar has no bar before it that counts for clamping.
            var before = Math.Max(i - 1, 1);
            if (rising ? low[i] <= stop : high[i] >= stop)
            {
                stop = rising ? Math.Max(extreme, Math.Max(high[before], high[i])) : Math.Min(extreme, Math.Min(low[before], low[i]));
                rising = !rising;
                extreme = rising ? high[i] : low[i];
                factor = step;
            }
            else if (rising ? high[i] > extreme : low[i] < extreme)
            {
                extreme = rising ? high[i] : low[i];
                factor = Math.Min(max, factor + step);
            }

            stops[i] = stop;
            stop += factor * (extreme - stop);
            stop = rising ? Math.Min(stop, Math.Min(low[before], low[i])) : Math.Max(stop, Math.Max(high[before], high[i]));
        }

        return stops;
    }
}
