using Qmtl.Testing;
using static Qmtl.Strategies.Tests.AverageReference;

namespace Qmtl.Strategies.Tests;

/// <summary>Moving averages against their formulas.</summary>
public sealed class AveragesTests
{
    private static readonly ReferenceCase[] AllCases =
    [
        new("ema", "", b => [("ema", Ema(b.Close, 20))]),
        new("ema", "period=1", b => [("ema", b.Close)]),
        new("ema", "period=197 price=hl2", b => [("ema", Ema(Map(b.High, b.Low, (h, l) => (h + l) / 2), 197))]),
        new("wilder", "", b => [("wilder", Wilder(b.Close, 14))]),
        new("wilder", "period=3", b => [("wilder", Wilder(b.Close, 3))]),
        new("wma", "", b => [("wma", Wma(b.Close, 20))]),
        new("wma", "period=1", b => [("wma", b.Close)]),
        new("wma", "period=133", b => [("wma", Wma(b.Close, 133))]),
        new("hma", "", b => [("hma", Hma(b.Close, 20, 10, 4))]),
        new("hma", "period=2", b => [("hma", Hma(b.Close, 2, 1, 1))]),
        new("hma", "period=55", b => [("hma", Hma(b.Close, 55, 27, 7))]),
        new("dema", "period=9", b => [("dema", Map(Ema(b.Close, 9), Ema(Ema(b.Close, 9), 9), (e1, e2) => (2 * e1) - e2))]),
        new("tema", "period=9", b => [("tema", Tema(b.Close, 9))]),
        new("trima", "period=20", b => [("trima", Trima(b.Close, 20))]),
        new("trima", "period=9", b => [("trima", Trima(b.Close, 9))]),
        new("zlema", "period=10", b => [("zlema", Ema(Map(b.Close, Shift(b.Close, 4), (x, lagged) => x + (x - lagged)), 10))]),
        new("t3", "period=6", b => [("t3", T3(b.Close, 6, 0.7))]),
        new("t3", "period=4 volume_factor=0.3", b => [("t3", T3(b.Close, 4, 0.3))]),
        new("vidya", "", b => [("vidya", Vidya(b.Close, 14))]),
        new("mcginley", "", b => [("mcginley", McGinley(b.Close, 14))]),
        new("mcginley", "period=1", b => [("mcginley", McGinley(b.Close, 1))]),
        new("alma", "", b => [("alma", Alma(b.Close, 9, 0.85, 6))]),
        new("alma", "period=40 offset=0.5 sigma=4", b => [("alma", Alma(b.Close, 40, 0.5, 4))]),
        new("kama", "", b => [("kama", Kama(b.Close, 10, 2, 30))]),
        new("kama", "er_period=25 fast=5 slow=60", b => [("kama", Kama(b.Close, 25, 5, 60))]),
    ];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, AllCases.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Compute_RandomWalk_EqualsTheFormula(int number) => AllCases[number].Check(TestBars.Walk());

    [RequiresFact(Needs.MarketData)]
    public void Compute_RealBars_EqualsTheFormula()
    {
        foreach (var file in new[] { "crypto/1m/BTC-PERP.csv", "equity/1d/SPY.csv", "fx/1h/EURUSD.csv" })
            foreach (var indicator in AllCases) indicator.Check(TestBars.Real(file, 2_000));
    }

    [Fact]
    public void McGinley_Crash_DoesNotFallBelowThePrice()
    {
        var values = Compute.Values(p => p.Close.McGinley(2), GivenBars.Closes(100, 100, 20, 20));

        Assert.Equal([100, 20, 20], values[1..]);
    }

    [Fact]
    public void Adaptive_FirstWeight_StartsAtTheValueBeforeOrBesideIt()
    {
        double[] close = [10, 20, 40, 40];

        Assert.Equal([10, 15, 27.5, 33.75], Compute.Values(p => p.Close.Adaptive((p.Close * 0.0) + 0.5), GivenBars.Closes(close)));
        Assert.Equal([double.NaN, 15, 27.5, 33.75], Compute.Values(p => p.Close.Adaptive((p.Close.Shift(1) * 0.0) + 0.5), GivenBars.Closes(close)));
    }

    [Theory]
    [InlineData("ema")]
    [InlineData("wilder")]
    [InlineData("mcginley")]
    [InlineData("kama")]
    public void Recursive_BarMissing_IsMissingThereAndGoesOnAsIfTheBarHadNotBeen(string indicator)
    {
        double[] close = [3, 5, 4, 6, 7, 6, 8, 9, 7, 10, 12, 11];
        double[] withGap = [.. close[..8], double.NaN, .. close[8..]];

        var whole = TestBars.Columns(indicator, GivenBars.Closes(close), Short(indicator))[indicator];
        var gapped = TestBars.Columns(indicator, GivenBars.Closes(withGap), Short(indicator))[indicator];

        Assert.Equal(whole[..8], gapped[..8]);
        Assert.True(double.IsNaN(gapped[8]));
        // KAMA's weight comes from a window, which is whole again two bars later; the average itself goes on from where it stood.
        if (indicator != "kama") Assert.Equal(whole[8..], gapped[9..]);
        else Assert.Equal([true, true, false, false], gapped[9..].Select(double.IsNaN));
    }

    [Theory]
    [InlineData("ema")]
    [InlineData("wilder")]
    [InlineData("wma")]
    [InlineData("alma")]
    [InlineData("mcginley")]
    [InlineData("kama")]
    public void Average_AfterOverflow_HasTheValuesOfAFreshStart(string indicator)
    {
        double[] tail = [3, 5, 4, 6, 7, 6, 8, 9];
        double[] close = [1, 2, double.MaxValue, double.MaxValue, -double.MaxValue, double.MaxValue, -double.MaxValue, .. tail];

        var values = TestBars.Columns(indicator, GivenBars.Closes(close), Short(indicator))[indicator];

        Assert.DoesNotContain(values, double.IsInfinity);
        Assert.True(double.IsFinite(values[^1]));
        if (indicator == "wma") Assert.Equal(Wma(tail, 2)[^1], values[^1], 1e-12);
    }

    [Fact]
    public void Wma_TenMillionBarsAfterAHugeValue_HasNotDrifted()
    {
        const int Period = 20;
        var plan = Compute.PlanOf(p => p.Close.Wma(Period));
        var run = plan.Start(1000);
        var random = new Random(1);
        var last = new double[1000];
        for (var block = 0; block < 10_000; block++)
        {
            for (var i = 0; i < last.Length; i++) last[i] = block == 0 && i < Period ? 1e18 : random.NextDouble();
            last.CopyTo(run.Source(0));
            run.Process(last.Length);
        }

        var expected = (double)(last[^Period..].Select((x, i) => (decimal)x * (i + 1)).Sum() / (Period * (Period + 1) / 2));
        Assert.Equal(expected, run.Values(plan.Graph.Outputs[0].Index)[last.Length - 1], expected * 2 * Period * Math.ScaleB(1, -53));
    }

    [Fact]
    public void EfficiencyRatio_LineNoiseAndFlat_IsOneSmallAndOne()
    {
        var bars = GivenBars.Closes(1, 2, 3, 4, 3, 4, 3, 3, 3, 3);

        var third = 1.0 / 3;
        TestBars.Near([double.NaN, double.NaN, double.NaN, 1, third, third, third, 0, 1, 1], Compute.Values(p => p.Close.EfficiencyRatio(3), bars));
    }

    private static (string, string)[] Short(string indicator) => indicator == "kama" ? [("er_period", "2")] : [("period", "2")];

    private static double[] Hma(double[] x, int n, int half, int root) => Wma(Map(Wma(x, half), Wma(x, n), (h, f) => (2 * h) - f), root);

    private static double[] Tema(double[] x, int n)
    {
        var e1 = Ema(x, n);
        var e2 = Ema(e1, n);
        return Map(Map(e1, e2, (a, b) => (3 * a) - (3 * b)), Ema(e2, n), (a, b) => a + b);
    }

    private static double[] T3(double[] x, int n, double v)
    {
        var e3 = Ema(Ema(Ema(x, n), n), n);
        var e4 = Ema(e3, n);
        var e5 = Ema(e4, n);
        var e6 = Ema(e5, n);
        // The cube of ((1 + v) E - v E²), multiplied out by the binomial theorem.
        return [.. e3.Select((_, i) => (Math.Pow(1 + v, 3) * e3[i]) - (3 * Math.Pow(1 + v, 2) * v * e4[i]) + (3 * (1 + v) * v * v * e5[i]) - (v * v * v * e6[i]))];
    }
}
