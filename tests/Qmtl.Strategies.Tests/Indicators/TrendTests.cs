using Qmtl.Identity;
using Qmtl.Testing;
using static Qmtl.Strategies.Tests.OscillatorReference;

namespace Qmtl.Strategies.Tests;

/// <summary>Trend indicators against their formulas.</summary>
public sealed class TrendTests
{
    private static readonly ReferenceCase[] AllCases =
    [
        new("adx", "", b => Adx(b, 14), Scale: 1),
        new("adx", "period=1", b => Adx(b, 1), Scale: 100),
        new("adx", "period=33", b => Adx(b, 33), Scale: 1),
        new("adxr", "period=10", b =>
        {
            var adx = Adx(b, 10)[0].Item2;
            return [("adxr", AverageReference.Map(adx, AverageReference.Shift(adx, 9), (now, before) => (now + before) / 2))];
        }, Scale: 1),
        new("alligator", "", b =>
        {
            var middle = AverageReference.Map(b.High, b.Low, (h, l) => (h + l) / 2);
            double[] Line(int n, int later) => AverageReference.Shift(AverageReference.Wilder(middle, n), later);
            return [("jaw", Line(13, 8)), ("teeth", Line(8, 5)), ("lips", Line(5, 3))];
        }),
        new("heikin_ashi", "", b =>
        {
            double[] close = [.. b.Open.Select((o, i) => (o + b.High[i] + b.Low[i] + b.Close[i]) / 4)];
            var open = new double[close.Length];
            for (var i = 0; i < open.Length; i++) open[i] = i == 0 ? (b.Open[0] + b.Close[0]) / 2 : (open[i - 1] + close[i - 1]) / 2;
            return
            [
                ("open", open),
                ("high", [.. b.High.Select((h, i) => new[] { h, open[i], close[i] }.Max())]),
                ("low", [.. b.Low.Select((l, i) => new[] { l, open[i], close[i] }.Min())]),
                ("close", close),
            ];
        }),
        new("aroon", "", b => [("up", Recency(b.High, 25, w => w.Max())), ("down", Recency(b.Low, 25, w => w.Min()))]),
        new("aroon", "period=14", b => [("up", Recency(b.High, 14, w => w.Max())), ("down", Recency(b.Low, 14, w => w.Min()))]),
        new("aroon_oscillator", "period=9", b =>
            [("aroon_oscillator", [.. Recency(b.High, 9, w => w.Max()).Zip(Recency(b.Low, 9, w => w.Min()), (up, down) => up - down)])]),
        new("psar", "", b => [("psar", Psar(b.High, b.Low, 0.02, 0.2))]),
        new("psar", "step=0.05 max=0.12", b => [("psar", Psar(b.High, b.Low, 0.05, 0.12))]),
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
    public void Psar_RiseThatBreaks_FollowsAcceleratesAndTurns()
    {
        // By hand: stop 9 (low of bar 0), extreme 11; 9 + .02 x 2 = 9.04; new extreme 12, .04: 9.04 + .04 x 2.96 = 9.1584; new extreme 13, .06:
        // 9.1584 + .06 x 3.8416 = 9.388896; the low of 9 touches it: the stop becomes the extreme 13, then 13 + .02 x (9 - 13) = 12.92.
        var bars = GivenBars.Of(high: [10, 11, 12, 13, 12.5, 11], low: [9, 10, 11, 12, 9, 8.5], close: [10, 11, 12, 13, 9.5, 9]);

        // Below 13 the falling stop must not come: two bars ago a high was 13.
        TestBars.Near([double.NaN, 9, 9.04, 9.1584, 13, 13], Compute.Values(p => p.ParabolicSar(0.02, 0.2), bars));
    }

    [Theory]
    [InlineData("adx")]
    [InlineData("psar")]
    public void Recursive_BarMissing_IsMissingThereAndGoesOnAsIfTheBarHadNotBeen(string name)
    {
        double[] high = [10, 11, 13, 12, 14, 16, 15, 13, 12, 12, 11, 14, 15];
        double[] low = [9, 10, 11, 10, 12, 14, 12, 11, 10, 9, 9, 11, 13];
        double[] close = [9.5, 11, 12, 11, 14, 15, 13, 12, 11, 10, 10, 13, 14];
        static double[] Gap(double[] x, double at6) => [.. x[..6], at6, .. x[6..]];
        (string, string)[] parameters = name == "adx" ? [("period", "2")] : [];

        var whole = TestBars.Columns(name, GivenBars.Of(high, low, close), parameters);
        var gapped = TestBars.Columns(name, GivenBars.Of(Gap(high, double.NaN), Gap(low, 5), Gap(close, 6)), parameters);

        foreach (var (column, values) in whole) Assert.Equal(Gap(values, double.NaN), gapped[column]);
    }

    [Theory]
    [InlineData("adx")]
    [InlineData("psar")]
    public void Recursive_AfterOverflow_HasFiniteValuesAgain(string name)
    {
        double[] high = [10, 11, 12, 13, double.MaxValue, -double.MaxValue, double.MaxValue, 12, 13, 14, 13, 15, 16, 17, 18, 17, 16];
        double[] low = [.. high.Select(h => Math.Abs(h) < 100 ? h - 1 : -h)];
        (string, string)[] parameters = name == "adx" ? [("period", "2")] : [];

        foreach (var values in TestBars.Columns(name, GivenBars.Of(high, low, low), parameters).Values)
        {
            Assert.DoesNotContain(values, double.IsInfinity);
            Assert.All(values[^3..], value => Assert.True(double.IsFinite(value)));
        }
    }

    [Fact]
    public void Adx_FlatMarket_IsZero()
    {
        var flat = GivenBars.Closes([.. Enumerable.Repeat(5.0, 20)]);

        foreach (var values in TestBars.Columns("adx", flat, ("period", "3")).Values) Assert.Equal(0, values[^1]);
    }

    [Fact]
    public void ParabolicSar_StepAboveMax_IsRefusedByName()
    {
        var refusal = Assert.Throws<RefusalException>(() => Compute.GraphOf(p => p.ParabolicSar(0.3, 0.2)));

        Assert.Contains("max must be a number 0.3 (the step) .. 1, was 0.2", refusal.Message, StringComparison.Ordinal);
    }
}
