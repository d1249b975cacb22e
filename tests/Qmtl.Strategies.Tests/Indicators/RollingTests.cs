using Qmtl.Testing;
using PairStatistic = Qmtl.Strategies.Tests.RollingReference.PairStatistic;
using Statistic = Qmtl.Strategies.Tests.RollingReference.Statistic;

namespace Qmtl.Strategies.Tests;

/// <summary>Every rolling statistic against its formula, computed anew on each window with exact sums.</summary>
public sealed class RollingTests
{
    private static readonly int[] Periods = [4, 5, 20, 97];

    /// <summary>Each operator of one input with its formula.</summary>
    internal static readonly Dictionary<string, (Func<Series, int, Series> Operator, Statistic Formula)> All = new(StringComparer.Ordinal)
    {
        ["sum"] = ((s, n) => s.Sum(n), Exact.Sum),
        ["max"] = ((s, n) => s.Max(n), w => w.ToArray().Max()),
        ["min"] = ((s, n) => s.Min(n), w => w.ToArray().Min()),
        ["bars since max"] = ((s, n) => s.ArgMax(n), w => w.Length - 1 - w.LastIndexOf(w.ToArray().Max())),
        ["bars since min"] = ((s, n) => s.ArgMin(n), w => w.Length - 1 - w.LastIndexOf(w.ToArray().Min())),
        ["variance"] = ((s, n) => s.Variance(n), w => Exact.CentralMoment(w, 2)),
        ["sample variance"] = ((s, n) => s.Variance(n, sample: true), w => Exact.CentralMoment(w, 2) * w.Length / (w.Length - 1)),
        ["deviation"] = ((s, n) => s.StdDev(n), Deviation),
        ["sample deviation"] = ((s, n) => s.StdDev(n, sample: true), w => Deviation(w) * Math.Sqrt(w.Length / (w.Length - 1.0))),
        ["z-score"] = ((s, n) => s.ZScore(n), Score),
        ["sample z-score"] = ((s, n) => s.ZScore(n, sample: true), w => Score(w) / Math.Sqrt(w.Length / (w.Length - 1.0))),
        ["quadratic mean"] = ((s, n) => s.RootMeanSquare(n), w => Math.Sqrt(w.ToArray().Sum(x => x * x) / w.Length)),
        ["skewness"] = ((s, n) => s.Skewness(n), Skewness),
        ["sample skewness"] = ((s, n) => s.Skewness(n, sample: true), w => Skewness(w) * Math.Sqrt(w.Length * (w.Length - 1.0)) / (w.Length - 2)),
        ["kurtosis"] = ((s, n) => s.Kurtosis(n), Kurtosis),
        ["sample kurtosis"] = ((s, n) => s.Kurtosis(n, sample: true), SampleKurtosis),
        ["mean deviation"] = ((s, n) => s.MeanAbsoluteDeviation(n), MeanDeviation),
        ["median"] = ((s, n) => s.Median(n), w => Quantile(w, 0.5)),
        ["first decile"] = ((s, n) => s.Quantile(n, 0.1), w => Quantile(w, 0.1)),
        ["smallest as a quantile"] = ((s, n) => s.Quantile(n, 0), w => w.ToArray().Min()),
        ["largest as a quantile"] = ((s, n) => s.Quantile(n, 1), w => w.ToArray().Max()),
        ["percent rank"] = ((s, n) => s.PercentRank(n - 1), w => 100.0 * w.ToArray()[..^1].Count(Below(w)) / (w.Length - 1)),
        ["slope"] = ((s, n) => s.Slope(n), w => Line(w).Slope),
        ["intercept"] = ((s, n) => s.Intercept(n), w => Line(w).Intercept),
        ["linear regression"] = ((s, n) => s.LinearRegression(n), w => Line(w).At(w.Length - 1)),
        ["forecast"] = ((s, n) => s.TimeSeriesForecast(n), w => Line(w).At(w.Length)),
        ["r squared"] = ((s, n) => s.RSquared(n), w => Math.Pow(Correlate(w, Places(w)), 2)),
    };

    /// <summary>Each operator of two inputs with its formula.</summary>
    internal static readonly Dictionary<string, (Func<Series, Series, int, Series> Operator, PairStatistic Formula)> Pairs = new(StringComparer.Ordinal)
    {
        ["correlation"] = ((x, y, n) => x.Correlation(y, n), Correlate),
        ["covariance"] = ((x, y, n) => x.Covariance(y, n), Covary),
        ["sample covariance"] = ((x, y, n) => x.Covariance(y, n, sample: true), (x, y) => Covary(x, y) * x.Length / (x.Length - 1)),
        ["beta"] = ((x, y, n) => x.Beta(y, n), (x, y) => Exact.Ratio(Exact.Products(x, y), Exact.Products(y, y))),
    };

    public static TheoryData<string> PairNames => [.. Pairs.Keys];

    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Rolling_RandomWalk_IsTheFormula(string name)
    {
        foreach (var period in Periods) AssertFormula(name, TestBars.Walk(600), period);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Rolling_RepeatedAndMissingValues_IsTheFormula(string name)
    {
        foreach (var period in Periods) AssertFormula(name, new RandomBars(11, 800, missing: 0.01), period);
    }

    [Theory]
    [MemberData(nameof(PairNames))]
    public void Rolling_PairOfColumns_IsTheFormula(string name)
    {
        foreach (var period in Periods)
        {
            AssertPair(name, TestBars.Walk(600), period);
            AssertPair(name, new RandomBars(12, 800, missing: 0.005), period);
        }
    }

    [RequiresFact(Needs.MarketData)]
    public void Rolling_RealBars_IsTheFormula()
    {
        foreach (var file in new[] { "crypto/1m/BTC-PERP.csv", "equity/1d/SPY.csv", "fx/1h/EURUSD.csv" })
        {
            var bars = TestBars.Real(file, 2_000);
            foreach (var name in All.Keys) AssertFormula(name, bars, 20);
            foreach (var name in Pairs.Keys) AssertPair(name, bars, 30);
        }
    }

    private static void AssertFormula(string name, IColumnSource bars, int period)
    {
        var (rolling, formula) = All[name];
        var close = bars.FindColumn("close")!.Value.ToArray();

        TestBars.Near(RollingReference.Over(close, period, formula), Compute.Values(p => rolling(p.Close, period), bars));
    }

    private static void AssertPair(string name, IColumnSource bars, int period)
    {
        var (rolling, formula) = Pairs[name];
        var (close, open) = (bars.FindColumn("close")!.Value.ToArray(), bars.FindColumn("open")!.Value.ToArray());

        TestBars.Near(RollingReference.Over(close, open, period, formula), Compute.Values(p => rolling(p.Close, p.Open, period), bars));
    }

    private static double Deviation(ReadOnlySpan<double> window) => Math.Sqrt(Exact.CentralMoment(window, 2));

    private static double Score(ReadOnlySpan<double> window) => (window[^1] - Exact.Mean(window)) / Deviation(window);

    private static double Skewness(ReadOnlySpan<double> window) => Exact.CentralMoment(window, 3) / Math.Pow(Exact.CentralMoment(window, 2), 1.5);

    private static double Kurtosis(ReadOnlySpan<double> window) => (Exact.CentralMoment(window, 4) / Math.Pow(Exact.CentralMoment(window, 2), 2)) - 3;

    private static double SampleKurtosis(ReadOnlySpan<double> window)
    {
        double n = window.Length;
        var sumOfFourths = Exact.CentralMoment(window, 4) * n;
        var variance = Exact.CentralMoment(window, 2) * n / (n - 1);
        return (n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * (sumOfFourths / (variance * variance))) - (3 * (n - 1) * (n - 1) / ((n - 2) * (n - 3)));
    }

    private static double MeanDeviation(ReadOnlySpan<double> window)
    {
        var mean = Exact.Mean(window);
        return window.ToArray().Sum(x => Math.Abs(x - mean)) / window.Length;
    }

    private static double Quantile(ReadOnlySpan<double> window, double q)
    {
        var sorted = window.ToArray().Order().ToArray();
        var place = q * (sorted.Length - 1);
        var low = sorted[(int)Math.Floor(place)];
        return low + ((place - Math.Floor(place)) * (sorted[(int)Math.Ceiling(place)] - low));
    }

    private static Func<double, bool> Below(ReadOnlySpan<double> window)
    {
        var newest = window[^1];
        return x => x <= newest;
    }

    private static double Covary(ReadOnlySpan<double> x, ReadOnlySpan<double> y) =>
        Exact.Ratio(Exact.Products(x, y), System.Numerics.BigInteger.Pow(x.Length, 2) << 240);

    private static double Correlate(ReadOnlySpan<double> x, ReadOnlySpan<double> y) =>
        Covary(x, y) / (Deviation(x) * Deviation(y));

    private static double[] Places(ReadOnlySpan<double> window) => [.. Enumerable.Range(0, window.Length).Select(i => (double)i)];

    private static StraightLine Line(ReadOnlySpan<double> window)
    {
        var places = Places(window);
        return new(Exact.Ratio(Exact.Products(window, places), Exact.Products(places, places)), Exact.Mean(window), window.Length);
    }

    private readonly record struct StraightLine(double Slope, double Mean, int Length)
    {
        public double Intercept => At(0);

        public double At(int place) => Mean + (Slope * (place - ((Length - 1) / 2.0)));
    }
}
