namespace Qmtl.Strategies.Tests;

public sealed class OperatorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(30)]
    [InlineData(197)]
    public void Sma_AnyPeriod_IsTheMeanOfTheLastValues(int period)
    {
        var bars = new RandomBars(3, 1000);

        var values = Compute.Values(p => p.Close.Sma(period), bars);

        var close = bars["close"];
        for (var i = 0; i < close.Length; i++)
        {
            var window = i + 1 < period ? [double.NaN] : close[(i + 1 - period)..(i + 1)];
            if (window.Any(double.IsNaN)) Assert.True(double.IsNaN(values[i]), $"bar {i}");
            else Assert.Equal((double)window.Sum(x => (decimal)x) / period, values[i], 1e-12);
        }
    }

    [Fact]
    public void Sma_TenMillionBarsAfterAHugeValue_HasNotDrifted()
    {
        const int Period = 20;
        var plan = Compute.PlanOf(p => p.Close.Sma(Period));
        var run = plan.Start(1000);
        var random = new Random(1);
        var last = new double[1000];
        for (var block = 0; block < 10_000; block++)
        {
            for (var i = 0; i < last.Length; i++) last[i] = block == 0 && i < Period ? 1e18 : random.NextDouble();
            last.CopyTo(run.Source(0));
            run.Process(last.Length);
        }

        // A running sum would still carry the rounding of the huge values: an error of the order of 100.
        var expected = (double)(last[^Period..].Sum(x => (decimal)x) / Period);
        Assert.Equal(expected, run.Values(plan.Graph.Outputs[0].Index)[last.Length - 1], expected * Period * Math.ScaleB(1, -53));
    }

    [Fact]
    public void Above_EqualUpToRounding_IsATie()
    {
        var bars = Bars.Of(close: [3, 3, 3, 1], open: [3 * (1 - 5e-13), 3 * (1 - 5e-12), 3, double.NaN]);

        Assert.Equal([0, 1, 0, double.NaN], Compute.Values(p => p.Close.Above(p.Open).AsSeries(), bars));
        Assert.Equal([1, 1, 0, double.NaN], Compute.Values(p => (p.Close > p.Open).AsSeries(), bars));
    }

    [Fact]
    public void CrossesAbove_TouchAndCross_IsTrueOnTheCrossingBarOnly()
    {
        var bars = Bars.Of(close: [1, 2, 3, 4, 2, 3], open: [2, 2, 2, 2, 2, 2]);

        Assert.Equal([double.NaN, 0, 1, 0, 0, 1], Compute.Values(p => p.Close.CrossesAbove(p.Open).AsSeries(), bars));
        Assert.Equal([double.NaN, 0, 0, 0, 0, 0], Compute.Values(p => p.Close.CrossesBelow(p.Open).AsSeries(), bars));
    }

    [Fact]
    public void AfterFirstChange_ConstantStart_WaitsForTheChange()
    {
        var bars = Bars.Of(close: [double.NaN, 1, 1, double.NaN, 0, 1, 1], open: new double[7]);

        Assert.Equal(
            [double.NaN, double.NaN, double.NaN, double.NaN, 0, 1, 1], Compute.Values(p => p.Close.AfterFirstChange(), bars));
    }

    [Fact]
    public void When_ConditionMissing_IsMissingButAnUnusedBranchMayBe()
    {
        var bars = Bars.Of(close: [1, 1, double.NaN], open: [0, 2, 0], high: [5, double.NaN, 5], low: [double.NaN, 6, 6]);

        Assert.Equal([5, 6, double.NaN], Compute.Values(p => (p.Close > p.Open).Then(p.High, p.Low), bars));
    }

    [Fact]
    public void Divide_ByZero_IsMissing()
    {
        var bars = Bars.Of(close: [1, 0, -1], open: [0, 0, 2]);

        Assert.Equal([double.NaN, double.NaN, -0.5], Compute.Values(p => p.Close / p.Open, bars));
    }

    [Fact]
    public void Indexer_NegativeOffset_IsTheValueOfThatManyBarsAgo()
    {
        var bars = Bars.Of(close: [1, 2, 3], open: new double[3]);

        Assert.Equal([double.NaN, 1, 2], Compute.Values(p => p.Close[-1], bars));
        Assert.Equal([1, 2, 3], Compute.Values(p => p.Close[0], bars));
    }

    private static class Bars
    {
        public static IColumnSource Of(double[] close, double[] open, double[]? high = null, double[]? low = null) =>
            new Given(new(StringComparer.Ordinal) { ["close"] = close, ["open"] = open, ["high"] = high ?? close, ["low"] = low ?? close }, close.Length);

        private sealed class Given(Dictionary<string, double[]> columns, int count) : IColumnSource
        {
            public string Instrument => "X";

            public int Count => count;

            public ReadOnlySpan<long> Times => BarTimes.EveryMinute(Count);

            public IReadOnlyCollection<string> ColumnNames => columns.Keys;

            public ReadOnlyMemory<double>? FindColumn(string name) => columns.TryGetValue(name, out var column) ? (ReadOnlyMemory<double>?)column : null;
        }
    }
}
