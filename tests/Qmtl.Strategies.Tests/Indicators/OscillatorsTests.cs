using Qmtl.Testing;
using static Qmtl.Strategies.Tests.AverageReference;
using static Qmtl.Strategies.Tests.OscillatorReference;

namespace Qmtl.Strategies.Tests;

/// <summary>Oscillators against their formulas.</summary>
public sealed class OscillatorsTests
{
    private static readonly ReferenceCase[] AllCases =
    [
        new("momentum", "", b => [("momentum", Changes(b.Close, 10))]),
        new("roc", "", b => [("roc", Map(b.Close, Shift(b.Close, 10), (x, before) => 100 * ((x / before) - 1)))], Scale: 100),
        new("rsi", "", b => [("rsi", Rsi(b.Close, 14))], Scale: 1),
        new("rsi", "period=1", b => [("rsi", Rsi(b.Close, 1))], Scale: 1),
        new("rsi", "period=50 price=ohlc4", b => [("rsi", Rsi([.. b.Open.Select((o, i) => (o + b.High[i] + b.Low[i] + b.Close[i]) / 4)], 50))], Scale: 1),
        new("stochrsi", "", b => StochRsi(b, 14, 14, 3, 3), Scale: 100),
        new("stochrsi", "rsi_period=7 stoch_period=21 signal=5 smooth=1", b => StochRsi(b, 7, 21, 5, 1), Scale: 100),
        new("stochastic", "", b => Stochastic(b, 14, 3, 3), Scale: 100),
        new("stochastic", "period=5 smooth=1 signal=4", b => Stochastic(b, 5, 1, 4), Scale: 100),
        new("kdj", "", b => Kdj(b, 9, 3, 3), Scale: 100),
        new("kdj", "period=14 smooth=2 signal=4", b => Kdj(b, 14, 2, 4), Scale: 100),
        new("macd", "", b => Macd("macd", Map(Ema(b.Close, 12), Ema(b.Close, 26), (f, s) => f - s), 9)),
        new("macd", "fast=5 slow=35 signal=5 price=hl2", b =>
        {
            var middle = Map(b.High, b.Low, (h, l) => (h + l) / 2);
            return Macd("macd", Map(Ema(middle, 5), Ema(middle, 35), (f, s) => f - s), 5);
        }),
        new("ppo", "", b => Macd("ppo", Map(Ema(b.Close, 12), Ema(b.Close, 26), (f, s) => 100 * (f - s) / s), 9), Scale: 100),
        new("trix", "period=9 signal=4", b =>
        {
            var smooth = Ema(Ema(Ema(b.Close, 9), 9), 9);
            var trix = Map(smooth, Shift(smooth, 1), (x, before) => 100 * ((x / before) - 1));
            return [("trix", trix), ("signal", Ema(trix, 4))];
        }, Scale: 100),
        new("cmo", "", b => [("cmo", Cmo(b.Close, 14))], Scale: 100),
        new("tsi", "", b => [("tsi", Tsi(b.Close, 25, 13)), ("signal", Ema(Tsi(b.Close, 25, 13), 7))], Scale: 100),
        new("dpo", "period=21", b => [("dpo", Map(Shift(b.Close, 11), Sma(b.Close, 21), (x, mean) => x - mean))]),
        new("cci", "", b => [("cci", Cci(Map(Map(b.High, b.Low, (h, l) => h + l), b.Close, (s, c) => (s + c) / 3), 20))], Scale: 1_000),
        new("cci", "period=13 price=close", b => [("cci", Cci(b.Close, 13))], Scale: 1_000),
        new("williams_r", "", b => [("williams_r", WilliamsR(b, 14))], Scale: 100),
        new("ultimate", "", b => [("ultimate", Ultimate(b, 7, 14, 28))], Scale: 1),
        new("awesome", "", b =>
        {
            var middle = Map(b.High, b.Low, (h, l) => (h + l) / 2);
            return [("awesome", Map(Sma(middle, 5), Sma(middle, 34), (fast, slow) => fast - slow))];
        }),
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

    /// <summary>The worked example that StockCharts publishes for the RSI of 14 days.</summary>
    [Fact]
    public void Rsi_PublishedExample_GivesThePublishedValues()
    {
        var bars = GivenBars.Closes(
            44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328,
            46.4116, 46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314);
        double[] published =
            [70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99, 41.46, 41.87, 45.46, 37.30, 33.08, 37.77];

        var values = Compute.Values(p => p.Close.Rsi(14), bars);

        Assert.All(values[..14], value => Assert.True(double.IsNaN(value)));
        Assert.Equal(published, values[14..].Select(value => Math.Round(value, 2)));
    }

    [Fact]
    public void Rsi_FlatRisingAndFalling_IsFiftyThenExactlyHundredAndZero()
    {
        Assert.Equal([50, 50, 50], Compute.Values(p => p.Close.Rsi(2), GivenBars.Closes(5, 5, 5, 5, 5))[2..]);
        Assert.Equal([100, 100, 100], Compute.Values(p => p.Close.Rsi(2), GivenBars.Closes(1, 1.1, 1.3, 1.3, 2.7))[2..]);
        Assert.Equal([0, 0, 0], Compute.Values(p => p.Close.Rsi(2), GivenBars.Closes(5, 4.9, 4.3, 4.3, 0.1))[2..]);
    }

    [Fact]
    public void Rsi_BarMissing_IsMissingThereAndGoesOnAsIfTheBarHadNotBeen()
    {
        double[] close = [3, 5, 4, 6, 7, 6, 8, 9, 7, 10, 12, 11];

        var whole = Compute.Values(p => p.Close.Rsi(3), GivenBars.Closes(close));
        var gapped = Compute.Values(p => p.Close.Rsi(3), GivenBars.Closes([.. close[..2], double.NaN, .. close[2..8], double.NaN, double.NaN, .. close[8..]]));

        Assert.Equal([.. whole[..2], double.NaN, .. whole[2..8], double.NaN, double.NaN, .. whole[8..]], gapped);
    }

    [Fact]
    public void Rsi_TradingHalted_KeepsItsValueAndIsFiftyOnceTheMovementHasFaded()
    {
        var bars = GivenBars.Closes([1, 2, 3, 2, .. Enumerable.Repeat(2.0, 3_000)]);

        var values = Compute.Values(p => p.Close.Rsi(3), bars);

        Assert.All(values[3..1_500], value => Assert.Equal(200.0 / 3, value, 1e-9));
        Assert.Equal(50, values[^1]);
        Assert.Equal(0, Compute.Values(p => p.Close.Momentum(1).Wilder(3), bars)[^1]);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void Bounded_AnyInput_StaysWithinItsBounds(int seed, bool huge)
    {
        var bars = new RandomBars(seed, 3_000, huge);
        var walk = TestBars.Walk(3_000, (ulong)seed);

        AssertWithin(0, 100, p => p.Close.Rsi(5), bars);
        AssertWithin(0, 100, p => p.Close.StochRsi(5, 7, 1, 1).K, bars);
        AssertWithin(-100, 100, p => p.Close.Cmo(6), bars);
        AssertWithin(-100, 100, p => p.Close.Tsi(9, 4).Line, bars);
        AssertWithin(0, 1, p => p.Close.EfficiencyRatio(4), bars);
        AssertWithin(0, 100, p => p.Stochastic(5, 1).K, walk);
        AssertWithin(0, 100, p => p.Kdj(5).D, walk);
        AssertWithin(-100, 0, p => p.WilliamsR(5), walk);
        AssertWithin(0, 100, p => p.Adx(5).PlusDi, walk);
        AssertWithin(0, 100, p => p.Aroon(5).Down, walk);
        AssertWithin(0, 1, p => p.DeMarker(5), walk);
    }

    [Fact]
    public void Rsi_AfterOverflow_HasTheValuesOfAFreshStart()
    {
        double[] tail = [3, 5, 4, 6, 7, 6, 8, 9];

        var values = Compute.Values(p => p.Close.Rsi(3), GivenBars.Closes([1, 2, 1, 2, 1, double.MaxValue, -double.MaxValue, double.MaxValue, .. tail]));

        Assert.DoesNotContain(values, double.IsInfinity);
        Assert.All(values[^4..], value => Assert.InRange(value, 0, 100));
        Assert.NotEqual(values[^2], values[^1]);
    }

    [Fact]
    public void FlatMarket_EveryOscillator_HasADefinedValue()
    {
        var flat = GivenBars.Closes([.. Enumerable.Repeat(0.1, 200)]);

        foreach (var name in AllCases.Select(indicator => indicator.Indicator).Distinct(StringComparer.Ordinal))
        {
            foreach (var (column, values) in TestBars.Columns(name, flat))
                Assert.True(Math.Abs(values[^1] - (name == "rsi" ? 50 : 0)) < 1e-12, $"{name}.{column} was {values[^1]:R}");
        }
    }

    private static void AssertWithin(double low, double high, Func<PriceSeries, Series> expression, IColumnSource bars)
    {
        var values = Array.FindAll(Compute.Values(expression, bars), value => !double.IsNaN(value));

        Assert.True(values.Length > 500, $"only {values.Length} values");
        Assert.All(values, value => Assert.InRange(value, low, high));
    }

    private static (string, double[])[] Stochastic(Ohlcv b, int period, int smooth, int signal)
    {
        var k = Sma(Place(b.Close, b.Low, b.High, period), smooth);
        return [("k", k), ("d", Sma(k, signal))];
    }

    private static (string, double[])[] StochRsi(Ohlcv b, int rsiPeriod, int stochPeriod, int signal, int smooth)
    {
        var rsi = Rsi(b.Close, rsiPeriod);
        var k = Sma(Place(rsi, rsi, rsi, stochPeriod), smooth);
        return [("k", k), ("d", Sma(k, signal))];
    }

    private static (string, double[])[] Kdj(Ohlcv b, int period, int smooth, int signal)
    {
        var k = Wilder(Place(b.Close, b.Low, b.High, period), smooth);
        var d = Wilder(k, signal);
        return [("k", k), ("d", d), ("j", Map(k, d, (x, y) => (3 * x) - (2 * y)))];
    }

    private static double[] WilliamsR(Ohlcv b, int n)
    {
        var highest = Windows(b.High, n, w => w.Max());
        var lowest = Windows(b.Low, n, w => w.Min());
        return Map(Map(highest, b.Close, (h, c) => h - c), Map(highest, lowest, (h, l) => h - l), (below, range) => range == 0 ? 0 : -100 * below / range);
    }
}
