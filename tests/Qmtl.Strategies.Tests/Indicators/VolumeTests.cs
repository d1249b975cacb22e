using Qmtl.Testing;
using static Qmtl.Strategies.Tests.AverageReference;
using static Qmtl.Strategies.Tests.VolumeReference;

namespace Qmtl.Strategies.Tests;

/// <summary>Indicators of price and volume against their formulas.</summary>
public sealed class VolumeTests
{
    private static readonly ReferenceCase[] AllCases =
    [
        new("obv", "", b => [("obv", Line(b, (price, before, volume) => Math.Sign(price - before) * volume))]),
        new("pvt", "", b => [("pvt", Line(b, (price, before, volume) => volume * (price - before) / before))]),
        new("pvi", "", b => [("pvi", Index(b, (volume, before) => volume > before))]),
        new("nvi", "", b => [("nvi", Index(b, (volume, before) => volume < before))]),
        new("ad", "", b => [("ad", Cumulative(MoneyFlowVolume(b)))]),
        new("adosc", "", b => [("adosc", Map(Ema(Cumulative(MoneyFlowVolume(b)), 3), Ema(Cumulative(MoneyFlowVolume(b)), 10), (fast, slow) => fast - slow))], Scale: 1e6),
        new("vwap", "", b => [("vwap", Weighted(Typical(b), b.Volume, 20))]),
        new("vwap", "period=1 price=open", b => [("vwap", b.Open)]),
        new("vwma", "period=33", b => [("vwma", Weighted(b.Close, b.Volume, 33))]),
        new("twap", "", b => [("twap", Sma([.. b.Close.Select((c, i) => (b.Open[i] + b.High[i] + b.Low[i] + c) / 4)], 20))]),
        new("mfi", "", b => [("mfi", Mfi(b, 14))], Scale: 1),
        new("mfi", "period=2", b => [("mfi", Mfi(b, 2))], Scale: 1),
        new("cmf", "", b => [("cmf", PairWindows(MoneyFlowVolume(b), b.Volume, 20, (flow, volume) => flow.Sum() / volume.Sum()))], Scale: 1),
        new("force_index", "", b => [("force_index", Ema(Map(Change(b.Close), b.Volume, (change, volume) => change * volume), 13))]),
        new("kvo", "fast=5 slow=9 signal=4", b => Klinger(b, 5, 9, 4), Scale: 1e6),
        new("eom", "", b => [("eom", Ease(b, 14, 10_000))]),
        new("eom", "period=3 divisor=100000000", b => [("eom", Ease(b, 3, 1e8))]),
    ];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, AllCases.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Compute_RandomWalk_EqualsTheFormula(int number) => AllCases[number].Check(TestBars.Walk());

    [RequiresFact(Needs.MarketData)]
    public void Compute_RealBars_EqualsTheFormula()
    {
        // The volume of the currency file is 0 throughout, which many of these are not defined on.
        foreach (var file in new[] { "crypto/1m/BTC-PERP.csv", "equity/1d/SPY.csv" })
            foreach (var indicator in AllCases) indicator.Check(TestBars.Real(file, 2_000));
    }

    [Fact]
    public void Obv_TenMillionBarsAfterAHugeVolume_IsOffByLessThanOneRounding()
    {
        const int Unit = 65_536;
        var plan = Compute.PlanOf(p => p.Obv());
        var run = plan.Start(1000);
        var random = new Random(3);
        var (exact, before) = (0L, 0);
        for (var block = 0; block < 10_000; block++)
        {
            for (var i = 0; i < 1000; i++)
            {
                // Volumes are whole numbers of 1/65536, so that a long knows their sum; the second is so large that a plain sum rounds ever after.
                var price = random.Next(100, 104);
                var volume = block == 0 && i == 1 ? 10_000_000_000_000L * Unit : random.Next(1, 1000 * Unit);
                run.Source(0)[i] = price;
                run.Source(1)[i] = volume / (double)Unit;
                if (before > 0) exact += Math.Sign(price - before) * volume;
                before = price;
            }

            run.Process(1000);
        }

        Assert.True(Math.Abs(exact) > 1_000_000_000_000L * Unit);
        var expected = exact / (double)Unit;
        Assert.Equal(expected, run.Values(plan.Graph.Outputs[0].Index)[999], Math.ScaleB(Math.Abs(expected), -52));
    }

    [Fact]
    public void Pvt_PreviousPriceZero_IsMissingOnceAndGoesOn()
    {
        var bars = Bars([10, 0, 5, 10], [1, 1, 1, 3]);

        Assert.Equal([0, -1, double.NaN, 2], TestBars.Columns("pvt", bars)["pvt"]);
    }

    [Fact]
    public void VolumeIndex_PriceNotAboveZero_IsMissingAndNothingIsComparedWithIt()
    {
        var bars = Bars([10, -5, 20, 30], [1, 7, 2, 3]);

        Assert.Equal([1000, double.NaN, 2000, 3000], TestBars.Columns("pvi", bars)["pvi"]);
    }

    [Fact]
    public void Mfi_NothingWentOut_Is100()
    {
        Assert.Equal([double.NaN, double.NaN, 100, 100, 100], TestBars.Columns("mfi", Bars([1, 2, 3, 3, 3], [1, 1, 1, 1, 1]), ("period", "2"))["mfi"]);
    }

    [Fact]
    public void Cmf_BarsWithoutRange_CountNothing()
    {
        var bars = GivenBars.Of([11, 12], [9, 12], [11, 12]);

        Assert.Equal([double.NaN, 0.5], TestBars.Columns("cmf", bars, ("period", "2"))["cmf"]);
    }

    [Fact]
    public void Vwap_NoVolumeInTheWindow_IsMissing()
    {
        Assert.Equal([double.NaN, 4, double.NaN], TestBars.Columns("vwap", Bars([3, 4, 5], [0, 2, 0]), ("period", "1"))["vwap"]);
    }

    [Fact]
    public void VwapSince_AnchorComes_BeginsThereAnew()
    {
        var bars = Bars([1, 2, 4, 8, 16, double.NaN, 10], [5, 1, 3, 0, 4, 4, 4]);

        // Anchored wherever the close is an even power of two: bars 0, 2 and 4.
        var vwap = Compute.Values(p => p.VwapSince((p.Close >= 4.0 & p.Close <= 4.0) | p.Close >= 16.0), bars);

        Assert.Equal([double.NaN, double.NaN, 4, 4, 16, double.NaN, 13], vwap);
    }

    private static Data.BarSeries Bars(double[] price, double[] volume) => new(
        "X",
        [.. Enumerable.Range(0, price.Length).Select(i => i * 60_000_000_000L)],
        new Dictionary<string, double[]>(StringComparer.Ordinal) { ["open"] = price, ["high"] = price, ["low"] = price, ["close"] = price, ["volume"] = volume });
}
