namespace Qmtl.Strategies.Tests;

/// <summary>Averages written from their formulas, slow and plain. Missing values lead; the first present one starts the clock.</summary>
internal static class AverageReference
{
    /// <summary>Applies a function to every full window of present values.</summary>
    public static double[] Windows(double[] x, int n, Func<double[], double> of) => [.. x.Select((_, i) =>
    {
        if (i + 1 < n) return double.NaN;
        var window = x[(i + 1 - n)..(i + 1)];
        return window.Any(double.IsNaN) ? double.NaN : of(window);
    })];

    public static double[] Sma(double[] x, int n) => Windows(x, n, Mean);

    public static double[] Wma(double[] x, int n) => Windows(x, n, w => w.Select((v, i) => v * (i + 1)).Sum() / Enumerable.Range(1, n).Sum());

    public static double[] Ema(double[] x, int n) => Recursive(x, n, 2.0 / (n + 1));

    public static double[] Wilder(double[] x, int n) => Recursive(x, n, 1.0 / n);

    public static double[] Trima(double[] x, int n) => Windows(x, n, w =>
    {
        var weights = w.Select((_, i) => (double)Math.Min(Math.Min(i + 1, n - i), (n + 1) / 2)).ToArray();
        return w.Zip(weights, (v, weight) => v * weight).Sum() / weights.Sum();
    });

    public static double[] Kama(double[] x, int n, int fast, int slow)
    {
        var y = Missing(x.Length);
        var previous = x[n - 1];
        for (var i = n; i < x.Length; i++)
        {
            var path = Enumerable.Range(i - n + 1, n).Sum(j => Math.Abs(x[j] - x[j - 1]));
            var ratio = path == 0 ? 1 : Math.Abs(x[i] - x[i - n]) / path;
            var c = (ratio * ((2.0 / (fast + 1)) - (2.0 / (slow + 1)))) + (2.0 / (slow + 1));
            y[i] = previous += c * c * (x[i] - previous);
        }

        return y;
    }

    public static double[] Vidya(double[] x, int n)
    {
        var y = Missing(x.Length);
        var previous = x[n - 1];
        for (var i = n; i < x.Length; i++)
        {
            var changes = Enumerable.Range(i - n + 1, n).Select(j => x[j] - x[j - 1]).ToArray();
            var up = changes.Where(c => c > 0).Sum();
            var down = -changes.Where(c => c < 0).Sum();
            y[i] = previous += 2.0 / (n + 1) * (up + down == 0 ? 0 : Math.Abs(up - down) / (up + down)) * (x[i] - previous);
        }

        return y;
    }

    public static double[] McGinley(double[] x, int n)
    {
        var y = Missing(x.Length);
        y[n - 1] = x[..n].Average();
        for (var i = n; i < x.Length; i++) y[i] = y[i - 1] + ((x[i] - y[i - 1]) / Math.Max(1, n * Math.Pow(x[i] / y[i - 1], 4)));
        return y;
    }

    public static double[] Alma(double[] x, int n, double offset, double sigma) => Windows(x, n, w =>
    {
        var bell = w.Select((_, i) => Math.Exp(-(i - (offset * (n - 1))) * (i - (offset * (n - 1))) * sigma * sigma / (2.0 * n * n))).ToArray();
        return w.Zip(bell, (v, weight) => v * weight).Sum() / bell.Sum();
    });

    public static double[] Shift(double[] x, int n) => [.. x.Select((_, i) => i < n ? double.NaN : x[i - n])];

    public static double[] Map(double[] a, double[] b, Func<double, double, double> of) => [.. a.Zip(b, (x, y) => double.IsNaN(x) || double.IsNaN(y) ? double.NaN : of(x, y))];

    public static double[] Map(double[] a, Func<double, double> of) => Map(a, a, (x, _) => of(x));

    /// <summary>The column with every value missing.</summary>
    public static double[] Missing(int length) => [.. Enumerable.Repeat(double.NaN, length)];

    // Plain addition in the order of time; Enumerable.Average would add in an order of its own.
    private static double Mean(double[] window) => window.Aggregate(0.0, (sum, value) => sum + value) / window.Length;

    private static double[] Recursive(double[] x, int n, double weight)
    {
        var y = Missing(x.Length);
        var first = Array.FindIndex(x, value => !double.IsNaN(value));
        if (first < 0 || first + n > x.Length) return y;
        y[first + n - 1] = Mean(x[first..(first + n)]);
        for (var i = first + n; i < x.Length; i++) y[i] = y[i - 1] + (weight * (x[i] - y[i - 1]));
        return y;
    }
}
