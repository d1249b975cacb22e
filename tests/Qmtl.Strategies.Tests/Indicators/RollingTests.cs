using Qmtl.Testing;
using Statistic = Qmtl.Strategies.Tests.RollingReference.Statistic;

namespace Qmtl.Strategies.Tests;

/// <summary>Every rolling statistic against its formula, computed anew on each window with exact sums.</summary>
public sealed class RollingTests
{
    private static readonly int[] Periods = [4, 5, 20, 97];

    private static readonly Dictionary<string, (Func<Series, int, Series> Operator, Statistic Formula)> All = new(StringComparer.Ordinal)
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
    };

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

    [RequiresFact(Needs.MarketData)]
    public void Rolling_RealBars_IsTheFormula()
    {
        foreach (var file in new[] { "crypto/1m/BTC-PERP.csv", "equity/1d/SPY.csv", "fx/1h/EURUSD.csv" })
        {
            var bars = TestBars.Real(file, 2_000);
            foreach (var name in All.Keys) AssertFormula(name, bars, 20);
        }
    }

    private static void AssertFormula(string name, IColumnSource bars, int period)
    {
        var (rolling, formula) = All[name];
        var close = bars.FindColumn("close")!.Value.ToArray();

        TestBars.Near(RollingReference.Over(close, period, formula), Compute.Values(p => rolling(p.Close, period), bars));
    }

    private static double Deviation(ReadOnlySpan<double> window) => Math.Sqrt(Exact.CentralMoment(window, 2));

    private static double Score(ReadOnlySpan<double> window) => (window[^1] - Exact.Mean(window)) / Deviation(window);
}
