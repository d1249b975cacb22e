using Qmtl.Data;
using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Runtime.Tests;

public sealed class BatchTests
{
    private static readonly MarketData One = MarketData.Of([SyntheticBars.Generate(new SyntheticOptions { Count = 1_500, Seed = 21, Volatility = 0.004 })]);

    private static readonly MarketData Several = MarketData.Of(
        [.. Enumerable.Range(0, 4).Select(i => SyntheticBars.Generate(new SyntheticOptions { Instrument = $"S{i}", Count = 800, Seed = 40 + (ulong)i, Volatility = 0.01 }))]);

    private static readonly ReplayOptions Options = new() { CommissionBps = 2, AllowShort = true };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_ManyStrategies_GivesEachWhatItGetsAlone(int workers)
    {
        foreach (var data in new[] { One, Several })
        {
            var results = new ReplayBatch().Run([.. Strategies()], data, Options, workers);

            var alone = Strategies().Select(strategy => new KernelReplay().Run(strategy, data, Options)).ToArray();
            Assert.Equal(alone.Select(Text), results.Select(Text));
            foreach (var (expected, actual) in alone.Zip(results)) Assert.True(expected.Series.Equity.Span.SequenceEqual(actual.Series.Equity.Span));
        }
    }

    [Fact]
    public void Run_WithoutSeries_KeepsTheNumbersOnly()
    {
        var result = new ReplayBatch().Run([new SmaCross()], One, Options with { KeepSeries = false }, workers: 1).Single();

        Assert.Equal(Text(new KernelReplay().Run(new SmaCross(), One, Options)), Text(result));
        Assert.True(result.Series.Equity.IsEmpty);
        Assert.Empty(result.Series.Fills);
    }

    // Borrowed memory is longer than what is needed, and holds what an earlier run wrote.
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_WithoutSeriesAfterOtherData_GivesTheNumbersOfFreshMemory(int workers)
    {
        var options = Options with { KeepSeries = false, CloseAtEnd = true };
        var shorter = MarketData.Of([SyntheticBars.Generate(new SyntheticOptions { Count = 1_111, Seed = 22, Volatility = 0.004 })]);
        foreach (var data in new[] { One, shorter, One })
        {
            var results = new ReplayBatch().Run([.. Strategies()], data, options, workers);
            Assert.Equal(Strategies().Select(strategy => Text(new KernelReplay().Run(strategy, data, options with { KeepSeries = true }))), results.Select(Text));
        }
    }

    // So long that a group holds a few runs only.
    [Fact]
    public void Run_MoreThanAGroupHolds_GivesAllInOrder()
    {
        var data = MarketData.Of([SyntheticBars.Generate(new SyntheticOptions { Count = 300_000, Seed = 23 })]);
        var results = new ReplayBatch().Run(
            [.. Enumerable.Range(0, 7).Select(i => new SmaCross().With(new Dictionary<string, string>(StringComparer.Ordinal) { ["fast"] = $"{10 + i}" }))],
            data, Options with { KeepSeries = false }, workers: 2);

        Assert.Equal(["10", "11", "12", "13", "14", "15", "16"], results.Select(result => result.Params["fast"]));
        Assert.Equal(7, results.Select(result => result.StreamDigest).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Run_SeveralMistakenStrategies_NamesTheFirst()
    {
        var refusal = Assert.Throws<RefusalException>(() => new ReplayBatch().Run([new SmaCross(), new Lost("NO-A"), new Lost("NO-B")], One, Options, workers: 2));

        Assert.Contains("NO-A", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_EventStreamForABatch_IsRefused()
    {
        var refusal = Assert.Throws<RefusalException>(() => new ReplayBatch().Run([new SmaCross()], One, Options with { EventStream = Stream.Null }, workers: 1));

        Assert.Equal("/stream", refusal.Errors.Single().Pointer);
    }

    [Fact]
    public void Run_CancelledToken_Stops() => Assert.ThrowsAny<OperationCanceledException>(
        () => new ReplayBatch().Run([new SmaCross()], One, Options, workers: 2, new CancellationToken(canceled: true)));

    [Theory]
    [InlineData("n=5:20:5", "5,10,15,20")]
    [InlineData("n=5:21:5", "5,10,15,20")]
    [InlineData("n=0.1:0.3:0.1", "0.1,0.2,0.3")]
    [InlineData("n=-1:1:1", "-1,0,1")]
    [InlineData("n=7:7:1", "7")]
    [InlineData("n=1e3:2e3:5e2", "1000,1500,2000")]
    [InlineData("n=level, cross", "level,cross")]
    public void Parse_Axis_HasTheValuesOnTheGrid(string text, string values)
    {
        var axis = SweepAxis.Parse(text);

        Assert.Equal(("n", values), (axis.Name, string.Join(',', axis.Values)));
    }

    [Theory]
    [InlineData("n", "name=from:to:step")]
    [InlineData("=1:2:1", "name=from:to:step")]
    [InlineData("n=1:2", "name=from:to:step")]
    [InlineData("n=1:2:0", "a step above 0")]
    [InlineData("n=2:1:1", "not end before it begins")]
    [InlineData("n=1:x:1", "was \"x\"")]
    [InlineData("n=0:1:1e-9", "at most 1000000 values")]
    [InlineData("n=a,,b", "name=value,value")]
    [InlineData("n=a,a", "a value twice")]
    public void Parse_MistakenAxis_IsRefusedInWords(string text, string rule)
    {
        var refusal = Assert.Throws<RefusalException>(() => SweepAxis.Parse(text));

        Assert.Contains(rule, refusal.Message, StringComparison.Ordinal);
        Assert.Equal("/grid", refusal.Errors.Single().Pointer);
    }

    [Fact]
    public void Combine_TwoAxes_ChangesTheLastOneFastest()
    {
        var grid = SweepAxis.Combine([SweepAxis.Parse("a=1:2:1"), SweepAxis.Parse("b=x,y,z")]);

        Assert.Equal(["1x", "1y", "1z", "2x", "2y", "2z"], grid.Select(values => values["a"] + values["b"]));
        Assert.Throws<RefusalException>(() => SweepAxis.Combine([SweepAxis.Parse("a=1:2:1"), SweepAxis.Parse("a=1:2:1")]));
        Assert.Throws<RefusalException>(() => SweepAxis.Combine([SweepAxis.Parse("a=1:2000:1"), SweepAxis.Parse("b=1:2000:1")]));
    }

    [Fact]
    public void Sweep_AnyNumberOfWorkers_GivesTheRunsOfTheGridInOrder()
    {
        SweepAxis[] axes = [SweepAxis.Parse("fast=5:15:5"), SweepAxis.Parse("slow=20:40:10")];

        var runs = new Sweep().Run(() => new SmaCross(), axes, One, Options, workers: 1);

        Assert.Equal(9, runs.Count);
        foreach (var run in runs) Assert.Equal(Text(new KernelReplay().Run(new SmaCross().With(run.Params), One, Options)), Text(run.Result!));
        Assert.Equal(runs.Select(run => Text(run.Result!)), new Sweep().Run(() => new SmaCross(), axes, One, Options, workers: 3).Select(run => Text(run.Result!)));
    }

    [Fact]
    public void Sweep_CombinationTheStrategyRefuses_IsReportedBesideTheOthers()
    {
        var runs = new Sweep().Run(() => new SmaCross(), [SweepAxis.Parse("slow=9999:10001:1")], One, Options, workers: 2);

        Assert.Equal([true, true, false], runs.Select(run => run.Result is not null));
        Assert.Contains("slow", runs[2].Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Sweep_UnknownParameter_IsRefusedWithTheNearest()
    {
        var refusal = Assert.Throws<RefusalException>(() => new Sweep().Run(() => new SmaCross(), [SweepAxis.Parse("fats=1:2:1")], One, Options, workers: 1));

        Assert.Contains("fast", refusal.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<Strategy> Strategies() =>
        from fast in new[] { 5, 10, 12 }
        from slow in new[] { 30, 31 }
        select new SmaCross().With(new Dictionary<string, string>(StringComparer.Ordinal) { ["fast"] = $"{fast}", ["slow"] = $"{slow}" });

    /// <summary>Everything a result says but how long it took.</summary>
    private static string Text(ReplayResult result) => System.Text.Json.JsonSerializer.Serialize(result with { ElapsedMs = 0, BarsPerSecond = 0 });

    private sealed class Lost(string instrument) : Strategy
    {
        protected override void Build(StrategyBuilder s) => s.Target(s.Price(instrument).Close);
    }
}
