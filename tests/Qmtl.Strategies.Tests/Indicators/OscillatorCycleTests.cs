using Qmtl.Testing;
using static Qmtl.Strategies.Tests.AverageReference;

namespace Qmtl.Strategies.Tests;

/// <summary>Cycles and strength against their formulas.</summary>
public sealed class OscillatorCycleTests
{
    private static readonly ReferenceCase[] AllCases =
    [
        new("coppock", "", b => [("coppock", Wma(Map(Roc(b.Close, 14), Roc(b.Close, 11), (x, y) => x + y), 10))], Scale: 100),
        new("connors_rsi", "", b => [("connors_rsi", ConnorsRsi(b.Close, 3, 2, 100))], Scale: 1),
        new("connors_rsi", "rsi_period=5 streak_period=3 rank_period=20", b => [("connors_rsi", ConnorsRsi(b.Close, 5, 3, 20))], Scale: 1),
        new("laguerre_rsi", "", b => [("laguerre_rsi", LaguerreRsi(b.Close, 0.5))], Scale: 100),
        new("laguerre_rsi", "gamma=0.8", b => [("laguerre_rsi", LaguerreRsi(b.Close, 0.8))], Scale: 100),
        new("kst", "", b =>
        {
            var parts = new[] { Sma(Roc(b.Close, 10), 10), Sma(Roc(b.Close, 15), 10), Sma(Roc(b.Close, 20), 10), Sma(Roc(b.Close, 30), 15) };
            double[] kst = [.. b.Close.Select((_, i) => parts.Select((part, k) => (k + 1) * part[i]).Sum())];
            return [("kst", kst), ("signal", Sma(kst, 9))];
        }, Scale: 100),
        new("schaff_cycle", "", b => [("schaff_cycle", Schaff(b.Close, 23, 50, 10))], Scale: 100),
        new("fisher", "", b => Fisher(Map(b.High, b.Low, (h, l) => (h + l) / 2), 9), Scale: 1),
        new("relative_vigor", "", b =>
        {
            var body = Symmetric(Map(b.Close, b.Open, (c, o) => c - o));
            var range = Symmetric(Map(b.High, b.Low, (h, l) => h - l));
            var line = Map(Windows(body, 10, w => w.Sum()), Windows(range, 10, w => w.Sum()), (x, y) => y == 0 ? 0 : x / y);
            return [("relative_vigor", line), ("signal", Symmetric(line))];
        }, Scale: 1),
        new("stochastic_momentum", "period=13 smooth=5 signal=4", b =>
        {
            var highest = Windows(b.High, 13, w => w.Max());
            var lowest = Windows(b.Low, 13, w => w.Min());
            var distance = Map(b.Close, Map(highest, lowest, (h, l) => (h + l) / 2), (c, middle) => c - middle);
            var half = Map(highest, lowest, (h, l) => (h - l) / 2);
            var line = Map(Ema(Ema(distance, 5), 5), Ema(Ema(half, 5), 5), (x, y) => y == 0 ? 0 : 100 * x / y);
            return [("stochastic_momentum", line), ("signal", Ema(line, 4))];
        }, Scale: 100),
        new("balance_of_power", "", b => [("balance_of_power", [.. b.Close.Select((c, i) => b.High[i] == b.Low[i] ? 0 : (c - b.Open[i]) / (b.High[i] - b.Low[i]))])], Scale: 1),
        new("elder_ray", "", b => [("bull", Map(b.High, Ema(b.Close, 13), (h, e) => h - e)), ("bear", Map(b.Low, Ema(b.Close, 13), (l, e) => l - e))]),
        new("vortex", "period=9", b =>
        {
            var range = Windows(TrueRange(b), 9, w => w.Sum());
            double[] Line(double[] x, double[] y) => Map(Windows(Map(x, Shift(y, 1), (a, before) => Math.Abs(a - before)), 9, w => w.Sum()), range, (reach, r) => r == 0 ? double.NaN : reach / r);
            return [("plus", Line(b.High, b.Low)), ("minus", Line(b.Low, b.High))];
        }, Scale: 1),
        new("choppiness", "", b => [("choppiness", Map(
            Windows(TrueRange(b), 14, w => w.Sum()),
            Map(Windows(b.High, 14, w => w.Max()), Windows(b.Low, 14, w => w.Min()), (h, l) => h - l),
            (path, range) => range == 0 ? double.NaN : 100 * Math.Log10(path / range) / Math.Log10(14)))], Scale: 100),
        new("mass_index", "", b =>
        {
            var range = Ema(Map(b.High, b.Low, (h, l) => h - l), 9);
            return [("mass_index", Windows(Map(range, Ema(range, 9), (x, y) => x / y), 25, w => w.Sum()))];
        }, Scale: 1),
        new("demarker", "", b =>
        {
            var rise = Sma(Map(b.High, Shift(b.High, 1), (h, before) => Math.Max(h - before, 0)), 14);
            var fall = Sma(Map(b.Low, Shift(b.Low, 1), (l, before) => Math.Max(before - l, 0)), 14);
            return [("demarker", Map(rise, fall, (r, f) => r + f == 0 ? 0 : r / (r + f)))];
        }, Scale: 1),
        new("qstick", "", b => [("qstick", Sma(Map(b.Close, b.Open, (c, o) => c - o), 10))]),
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
    public void Fisher_LongRise_GoesToItsLimitAndNoFurther()
    {
        var rise = GivenBars.Closes([.. Enumerable.Range(1, 300).Select(i => (double)i)]);

        // x is held at 0.999; y = atanh(0.999) + y / 2 ends at twice the inverse tangent.
        Assert.Equal(2 * 0.5 * Math.Log(1.999 / 0.001), Compute.Values(p => p.Close.Fisher(9).Line, rise)[^1], 1e-9);
    }

    [Fact]
    public void SchaffCycle_AccelerationWithoutEnd_StaysAtTheTop()
    {
        var curve = GivenBars.Closes([.. Enumerable.Range(1, 40).Select(i => 100.0 - (i % 7)), .. Enumerable.Range(1, 300).Select(i => 100 * Math.Pow(1.01, i))]);

        Assert.Equal(100, Compute.Values(p => p.Close.SchaffCycle(5, 12, 5), curve)[^1], 1e-9);
    }

    private static double[] Roc(double[] x, int n) => Map(x, Shift(x, n), (now, before) => 100 * (now - before) / before);

    private static double[] ConnorsRsi(double[] x, int rsi, int streakBars, int rank)
    {
        var streak = Missing(x.Length);
        for (var i = 1; i < x.Length; i++)
        {
            var sign = Math.Sign(x[i] - x[i - 1]);
            var length = 0;
            while (i - length > 0 && sign != 0 && Math.Sign(x[i - length] - x[i - length - 1]) == sign) length++;
            streak[i] = sign * length;
        }

        var ranks = Windows(Roc(x, 1), rank + 1, w => 100.0 * w[..^1].Count(change => change <= w[^1]) / rank);
        var first = OscillatorReference.Rsi(x, rsi);
        var second = OscillatorReference.Rsi(streak, streakBars);
        return [.. x.Select((_, i) => (first[i] + second[i] + ranks[i]) / 3)];
    }

    private static double[] LaguerreRsi(double[] x, double gamma)
    {
        var filters = Enumerable.Repeat(x[0], 4).ToArray();
        return [.. x.Select((value, i) =>
        {
            // Nothing has moved on the first bar; the products below would differ in their last bits.
            if (i == 0) return 50;
            var before = (double[])filters.Clone();
            filters[0] = ((1 - gamma) * value) + (gamma * before[0]);
            for (var k = 1; k < 4; k++) filters[k] = (-gamma * filters[k - 1]) + before[k - 1] + (gamma * before[k]);
            var up = 0.0;
            var down = 0.0;
            for (var k = 0; k < 3; k++)
            {
                if (filters[k] >= filters[k + 1]) up += filters[k] - filters[k + 1];
                else down += filters[k + 1] - filters[k];
            }

            return 100 * up / (up + down);
        })];
    }

    private static double[] Symmetric(double[] x) => Windows(x, 4, w => (w[0] + (2 * w[1]) + (2 * w[2]) + w[3]) / 6);

    private static double[] TrueRange(Ohlcv b) =>
        [.. b.High.Select((h, i) => i == 0 ? h - b.Low[i] : new[] { h - b.Low[i], Math.Abs(h - b.Close[i - 1]), Math.Abs(b.Low[i] - b.Close[i - 1]) }.Max())];

    private static (string, double[])[] Fisher(double[] price, int n)
    {
        var line = Missing(price.Length);
        double x = 0, y = 0;
        for (var i = n - 1; i < price.Length; i++)
        {
            var window = price[(i + 1 - n)..(i + 1)];
            var range = window.Max() - window.Min();
            x = (0.66 * (range == 0 ? 0 : ((price[i] - window.Min()) / range) - 0.5)) + (0.67 * x);
            x = Math.Max(-0.999, Math.Min(0.999, x));
            line[i] = y = 0.5 * (Math.Log((1 + x) / (1 - x)) + y);
        }

        return [("fisher", line), ("signal", Shift(line, 1))];
    }

    private static double[] Schaff(double[] close, int fast, int slow, int cycle)
    {
        double[] Place(double[] x)
        {
            var kept = double.NaN;
            return Windows(x, cycle, w => w.Max() == w.Min() ? kept : kept = 100 * (w[^1] - w.Min()) / (w.Max() - w.Min()));
        }

        return Ema(Place(Ema(Place(Map(Ema(close, fast), Ema(close, slow), (f, s) => f - s)), 3)), 3);
    }
}
