using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Strategies.Tests;

/// <summary>What holds for every rolling and expanding operator on any data: noise, flat stretches, jumps and missing values, cut into any blocks.</summary>
public sealed class RollingPropertyTests
{
    private const int Period = 9;

    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(25);

    private static readonly Dictionary<string, Func<PriceSeries, Series>> Expanding = new(StringComparer.Ordinal)
    {
        ["expanding mean"] = p => p.Close.ExpandingMean(),
        ["expanding variance"] = p => p.Close.ExpandingVariance(),
        ["expanding sample variance"] = p => p.Close.ExpandingVariance(sample: true),
        ["expanding deviation"] = p => p.Close.ExpandingStdDev(),
        ["expanding sample deviation"] = p => p.Close.ExpandingStdDev(sample: true),
        ["cumulative sum"] = p => p.Close.CumulativeSum(),
        ["cumulative product"] = p => (p.Close / 500.0).CumulativeProduct(),
        ["cumulative max"] = p => p.Close.CumulativeMax(),
        ["cumulative min"] = p => p.Close.CumulativeMin(),
        ["drawdown"] = p => p.Close.Drawdown(),
    };

    public static TheoryData<string> Single => [.. RollingTests.All.Keys];

    public static TheoryData<string> Pairs => [.. RollingTests.Pairs.Keys];

    public static TheoryData<string> Everything => [.. RollingTests.All.Keys, .. RollingTests.Pairs.Keys, .. Expanding.Keys];

    [Theory]
    [MemberData(nameof(Single))]
    public void Rolling_AnyPatches_IsTheWindowComputedAnew(string name)
    {
        var (rolling, formula) = RollingTests.All[name];
        Prop.ForAll<int>(seed =>
        {
            var bars = PatchyBars.Of(seed, 150);
            var close = bars.FindColumn("close")!.Value.ToArray();
            TestBars.Near(RollingReference.Over(close, Period, formula), Compute.Values(p => rolling(p.Close, Period), bars), scale: 1);
        }).Check(Runs);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Rolling_AnyPatchesOfTwoColumns_IsTheWindowComputedAnew(string name)
    {
        var (rolling, formula) = RollingTests.Pairs[name];
        Prop.ForAll<int>(seed =>
        {
            var bars = PatchyBars.Of(seed, 150);
            var (close, open) = (bars.FindColumn("close")!.Value.ToArray(), bars.FindColumn("open")!.Value.ToArray());
            TestBars.Near(RollingReference.Over(close, open, Period, formula), Compute.Values(p => rolling(p.Close, p.Open, Period), bars), scale: 1);
        }).Check(Runs);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void Process_AnyBlocks_GivesTheSameBitsAndState(string name)
    {
        var plan = Compute.PlanOf(Operator(name));
        Prop.ForAll<int, byte[]>((seed, cuts) =>
        {
            var bars = PatchyBars.Of(seed, 200);
            var (stream, streamState) = Compute.InBlocks(plan, bars, Enumerable.Repeat(1, bars.Count));
            var (batch, batchState) = Compute.InBlocks(plan, bars, [bars.Count]);
            var (cut, cutState) = Compute.InBlocks(plan, bars, cuts.Select(c => 1 + (c % 64)).Concat(Enumerable.Repeat(13, bars.Count)));
            return Bits(stream).SequenceEqual(Bits(batch)) && Bits(stream).SequenceEqual(Bits(cut))
                && streamState.SequenceEqual(batchState) && streamState.SequenceEqual(cutState);
        }).Check(Runs);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void Process_AfterHugeValues_ComesBackToFiniteValues(string name)
    {
        var walk = TestBars.Walk(400);
        var columns = walk.ColumnNames.ToDictionary(column => column, column => walk.FindColumn(column)!.Value.ToArray(), StringComparer.Ordinal);
        foreach (var column in columns.Values) (column[50], column[51], column[52], column[53]) = (double.MaxValue, -double.MaxValue, 1e200, double.MaxValue);

        var values = Compute.Values(Operator(name), new Data.BarSeries("X", walk.Times.ToArray(), columns));

        Assert.DoesNotContain(values, double.IsInfinity);
        Assert.True(double.IsFinite(values[^1]));
        Assert.True(double.IsFinite(values[53 + (2 * Period)]));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void Process_SteadyState_AllocatesNothing(string name)
    {
        var plan = Compute.PlanOf(Operator(name));
        var run = plan.Start(blockLength: 16);
        void Step(int block)
        {
            for (var source = 0; source < plan.Sources.Count; source++)
            {
                for (var i = 0; i < 16; i++) run.Source(source)[i] = 100 + ((block + i + source) % 7);
            }

            run.Process(16);
        }

        for (var block = 0; block < 100; block++) Step(block);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var block = 0; block < 100; block++) Step(block);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(-46_319.7)]
    [InlineData(1e9 / 3)]
    public void Rolling_FlatWindow_IsExactlyFlat(double level)
    {
        var bars = Columns(close: [1, 2, .. Enumerable.Repeat(level, 40)], open: [.. Enumerable.Range(0, 42).Select(i => i * 0.3)]);
        double[] Last(Func<PriceSeries, Series> operation) => Compute.Values(operation, bars)[(2 + Period)..];

        Assert.All(Last(p => p.Close.Variance(Period)), value => Assert.Equal(0, value));
        Assert.All(Last(p => p.Close.StdDev(Period, sample: true)), value => Assert.Equal(0, value));
        Assert.All(Last(p => p.Close.MeanAbsoluteDeviation(Period)), value => Assert.Equal(0, value));
        Assert.All(Last(p => p.Close.Slope(Period)), value => Assert.Equal(0, value));
        Assert.All(Last(p => p.Close.Covariance(p.Open, Period)), value => Assert.Equal(0, value, 1e-12 * Math.Abs(level)));
        Assert.All(Last(p => p.Close.LinearRegression(Period)), value => Assert.Equal(level, value));
        Assert.All(Last(p => p.Close.Bollinger(Period).Upper), value => Assert.Equal(level, value, 1e-15 * Math.Abs(level)));
        Func<PriceSeries, Series>[] undefined =
        [
            p => p.Close.ZScore(Period), p => p.Close.Skewness(Period), p => p.Close.Kurtosis(Period), p => p.Close.Correlation(p.Open, Period),
            p => p.Open.Beta(p.Close, Period), p => p.Close.RSquared(Period),
        ];
        foreach (var operation in undefined) Assert.All(Last(operation), value => Assert.True(double.IsNaN(value)));
    }

    private static Func<PriceSeries, Series> Operator(string name) =>
        RollingTests.All.TryGetValue(name, out var single) ? p => single.Operator(p.Close, Period)
        : RollingTests.Pairs.TryGetValue(name, out var pair) ? p => pair.Operator(p.Close, p.Open, Period)
        : Expanding[name];

    private static IEnumerable<long> Bits(double[] values) => values.Select(BitConverter.DoubleToInt64Bits);

    private static Data.BarSeries Columns(double[] close, double[] open) =>
        new("X", [.. close.Select((_, i) => i * 60_000_000_000L)], new Dictionary<string, double[]> { ["close"] = close, ["open"] = open, ["high"] = close, ["low"] = close });
}
