using Qmtl.Testing;
using static Qmtl.Strategies.Tests.AverageReference;
using static Qmtl.Strategies.Tests.RangeReference;

namespace Qmtl.Strategies.Tests;

/// <summary>True range and what is built on it, against formulas and published tables.</summary>
public sealed class RangeTests
{
    private static readonly ReferenceCase[] AllCases =
    [
        new("true_range", "", b => [("true_range", TrueRange(b))]),
        new("atr", "", b => [("atr", Atr(b, 14))]),
        new("atr", "period=1", b => [("atr", TrueRange(b))]),
        new("atr", "period=89", b => [("atr", Atr(b, 89))]),
        new("natr", "period=7", b => [("natr", Map(Atr(b, 7), b.Close, (atr, close) => 100 * atr / close))]),
        new("keltner", "", b => Keltner(b, 20, 2, 10)),
        new("keltner", "ema_period=5 multiplier=1.5 atr_period=30", b => Keltner(b, 5, 1.5, 30)),
        new("supertrend", "", b => Supertrend(b, 10, 3)),
        new("supertrend", "period=3 multiplier=0.8", b => Supertrend(b, 3, 0.8)),
        new("chandelier", "", b => Chandelier(b, 22, 3)),
        new("chandelier", "period=5 multiplier=1", b => Chandelier(b, 5, 1)),
        new("ichimoku", "", b => Ichimoku(b, 9, 26, 52, 26)),
        new("ichimoku", "tenkan=20 kijun=7 senkou=3 displacement=0", b => Ichimoku(b, 20, 7, 3, 0)),
        new("acceleration_bands", "period=7", b => AccelerationBands(b, 7)),
        new("chande_kroll", "", b => ChandeKroll(b, 10, 1, 9)),
    ];

    // The worked example that StockCharts publishes beside its description of the average true range: high, low, close, ATR(14) to two decimals.
    private static readonly (double High, double Low, double Close, double Atr)[] Published =
    [
        (48.70, 47.79, 48.16, double.NaN), (48.72, 48.14, 48.61, double.NaN), (48.90, 48.39, 48.75, double.NaN), (48.87, 48.37, 48.63, double.NaN),
        (48.82, 48.24, 48.74, double.NaN), (49.05, 48.64, 49.03, double.NaN), (49.20, 48.94, 49.07, double.NaN), (49.35, 48.86, 49.32, double.NaN),
        (49.92, 49.50, 49.91, double.NaN), (50.19, 49.87, 50.13, double.NaN), (50.12, 49.20, 49.53, double.NaN), (49.66, 48.90, 49.50, double.NaN),
        (49.88, 49.43, 49.75, double.NaN), (50.19, 49.73, 50.03, 0.55), (50.36, 49.26, 50.31, 0.59), (50.57, 50.09, 50.52, 0.59),
        (50.65, 50.30, 50.41, 0.57), (50.43, 49.21, 49.34, 0.61), (49.63, 48.98, 49.37, 0.62), (50.33, 49.61, 50.23, 0.64),
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
    public void Atr_PublishedExample_HasThePublishedValues()
    {
        var bars = GivenBars.Of([.. Published.Select(b => b.High)], [.. Published.Select(b => b.Low)], [.. Published.Select(b => b.Close)]);

        var atr = TestBars.Columns("atr", bars)["atr"];

        // The table was computed from prices with more decimals than it prints, so its last digit may be off by one.
        for (var i = 0; i < atr.Length; i++) Assert.Equal(Published[i].Atr, atr[i], 0.0101);
    }

    [Fact]
    public void TrueRange_BarMissing_CountsTheGapFromTheLastKnownClose()
    {
        var bars = GivenBars.Of([11, double.NaN, 16], [9, double.NaN, 15], [10, double.NaN, 15.5]);

        Assert.Equal([2, double.NaN, 6], TestBars.Columns("true_range", bars)["true_range"]);
    }

    [Fact]
    public void TrueRange_CloseMissing_IsMissingAndIsNotThePreviousClose()
    {
        var bars = GivenBars.Of([11, 30, 16], [9, 29, 15], [10, double.NaN, 15.5]);

        Assert.Equal([2, double.NaN, 6], TestBars.Columns("true_range", bars)["true_range"]);
    }

    [Fact]
    public void Supertrend_CloseBreaksTheStop_ChangesSides()
    {
        // Range 2 on every bar and closes in the middle, so the true range is 2 unless a gap is larger.
        double[] close = [10, 10, 14, 14, 14, 8, 8];
        var bars = GivenBars.Of([.. close.Select(c => c + 1)], [.. close.Select(c => c - 1)], close);

        var columns = TestBars.Columns("supertrend", bars, ("period", "1"), ("multiplier", "1"));

        // Bands at bar 2: 14 +- 5, but the upper one stays at 12 and 14 breaks it; the lower one is 9, then tightens to 12 and 8 breaks that.
        Assert.Equal([-1, -1, 1, 1, 1, -1, -1], columns["direction"]);
        Assert.Equal([12, 12, 9, 12, 12, 15, 10], columns["supertrend"]);
    }

    [Fact]
    public void Ichimoku_LaterBarsChange_EarlierColumnsStayAsTheyWere()
    {
        var walk = TestBars.Walk(200);
        var whole = TestBars.Columns("ichimoku", walk);
        var head = TestBars.Columns("ichimoku", new RandomBarsTail(walk, 150));

        foreach (var (column, values) in whole) Assert.Equal(values[..150], head[column][..150]);
    }

    [Fact]
    public void Keltner_SharedParts_AreOneNodeEach()
    {
        var graph = Compute.GraphOf(p => p.Keltner().Upper + p.Keltner(20, 3).Lower + p.Atr(10) + p.Close.Ema(20));

        Assert.Single(graph.Nodes, node => node.Name!.StartsWith("true_range", StringComparison.Ordinal));
        Assert.Single(graph.Nodes, node => node.Name!.StartsWith("wilder", StringComparison.Ordinal));
        Assert.Single(graph.Nodes, node => node.Name!.StartsWith("ema", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0, 2.0, "period")]
    [InlineData(10_001, 2.0, "period")]
    [InlineData(10, -1.0, "multiplier")]
    [InlineData(10, double.NaN, "multiplier")]
    public void Supertrend_ArgumentOutsideItsRange_IsRefusedByName(int period, double multiplier, string named)
    {
        var refusal = Assert.Throws<Identity.RefusalException>(() => Compute.GraphOf(p => p.Supertrend(period, multiplier).Line));

        Assert.Contains($"supertrend(X@1m): {named} must be", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>The first bars of a series, and noise behind them.</summary>
    private sealed class RandomBarsTail(IColumnSource bars, int kept) : IColumnSource
    {
        private readonly RandomBars _noise = new(1, bars.Count);

        public string Instrument => bars.Instrument;

        public int Count => bars.Count;

        public ReadOnlySpan<long> Times => BarTimes.EveryMinute(Count);

        public IReadOnlyCollection<string> ColumnNames => bars.ColumnNames;

        public ReadOnlyMemory<double>? FindColumn(string name) =>
            bars.FindColumn(name) is { } column ? (ReadOnlyMemory<double>?)(double[])[.. column.Span[..kept], .. _noise[name].AsSpan(kept)] : null;
    }
}
