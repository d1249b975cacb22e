using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Strategies.Tests;

/// <summary>For every operator: however a series is cut into blocks, outputs and state are equal in every bit.</summary>
public sealed class KernelBlockTests
{
    public static TheoryData<string> Operators => [.. AllOperators.Keys];

    internal static IEnumerable<StrategyGraph> Graphs => AllOperators.Values.Select(Compute.GraphOf);

    private static readonly Dictionary<string, Func<PriceSeries, Series>> AllOperators = new(StringComparer.Ordinal)
    {
        ["field"] = p => p.Close,
        ["add"] = p => p.Close + p.Open,
        ["add constant"] = p => p.Close + 0.1,
        ["subtract"] = p => p.Close - p.Open,
        ["negate"] = p => -p.Close,
        ["multiply"] = p => p.Close * p.Open,
        ["divide"] = p => p.Close / p.Open,
        ["greater"] = p => (p.Close > p.Open).AsSeries(),
        ["less"] = p => (p.Close < p.Open).AsSeries(),
        ["greater or equal"] = p => (p.Close >= p.Open).AsSeries(),
        ["less or equal"] = p => (p.Close <= p.Open).AsSeries(),
        ["above"] = p => p.Close.Above(p.Open).AsSeries(),
        ["below"] = p => p.Close.Below(p.Open).AsSeries(),
        ["and"] = p => ((p.Close > p.Open) & (p.Close > 0.0)).AsSeries(),
        ["or"] = p => ((p.Close > p.Open) | (p.Close > 0.0)).AsSeries(),
        ["not"] = p => (!(p.Close > p.Open)).AsSeries(),
        ["abs"] = p => p.Close.Abs(),
        ["when"] = p => (p.Close > p.Open).Then(p.High, p.Low),
        ["shift"] = p => p.Close.Shift(3),
        ["sma 1"] = p => p.Close.Sma(1),
        ["sma 5"] = p => p.Close.Sma(5),
        ["sma 37"] = p => p.Close.Sma(37),
        ["after first change"] = p => (p.Close > p.Open).AsSeries().AfterFirstChange(),
        ["crosses above"] = p => p.Close.Sma(3).CrossesAbove(p.Close.Sma(7)).AsSeries(),
        ["remainder"] = p => p.Close % p.Open,
        ["at least"] = p => p.Close.AtLeast(p.Open),
        ["at most"] = p => p.Close.AtMost(p.Open),
        ["clamp"] = p => p.Close.Clamp(-1, 50),
        ["power"] = p => p.Close.Pow(p.Open),
        ["log"] = p => p.Close.Log(),
        ["exp"] = p => p.Close.Exp(),
        ["sqrt"] = p => p.Close.Sqrt(),
        ["sign"] = p => p.Close.Sign(),
        ["is missing"] = p => p.Close.IsMissing().AsSeries(),
        ["fill missing"] = p => p.Close.FillMissing(p.Open),
        ["forward fill"] = p => p.Close.ForwardFill(),
        ["forward fill 2"] = p => p.Close.ForwardFill(2),
        ["where"] = p => p.Close.Where(p.Open > 0.0),
        ["value when"] = p => p.Close.ValueWhen(p.Open > 0.0),
        ["bars since"] = p => (p.Close > 50.0).BarsSince(),
        ["hold"] = p => (p.Close > 50.0).Hold(4).AsSeries(),
        ["until"] = p => (p.Close > 50.0).Until(p.Open < -50.0).AsSeries(),
        ["long short"] = p => TestStrategy.FourWay(p.Close > 50.0, p.Open > 50.0, p.Close < -50.0, p.Open < -50.0),
        ["position"] = p => p.Close.Position(new(50, -50, 10, -10)),
        ["no-trade band"] = p => p.Close.NoTradeBand(20),
        ["forward return"] = p => p.Close.ForwardReturn(5),
        ["forward volatility"] = p => p.Close.ForwardVolatility(5),
        ["triple barrier"] = p => p.TripleBarrier(new(20, 10, BarrierMode.Price), 6).Return,
        ["every bars"] = p => p.Close.EveryBars(7).AsSeries(),
        ["kelly"] = p => p.Close.Kelly(5),
        ["custom"] = p => Compute.Builder.Compute(5, [p.Close, p.Open], [NodeCode("test.range", "1")] static (view) => view[0][0] - view[1][4]),
        ["custom with gaps"] = p => Compute.Builder.Compute(5, [p.Close], [NodeCode("test.count", "1")] static (view) => Present(view[0]), allowMissing: true),
        ["custom with state"] = p => Compute.Builder.Compute(1, [p.Close], 1, [NodeCode("test.decay", "1")] static (view, state) => state[0] = (0.9 * state[0]) + view.Latest(0)),
        ["expanding mean"] = p => p.Close.ExpandingMean(),
        ["expanding deviation"] = p => p.Close.ExpandingStdDev(),
        ["cumulative product"] = p => ((p.Close / 1000) + 1).CumulativeProduct(),
        ["hlc3 of sma of shift"] = p => p.Hlc3.Shift(2).Sma(4) - p.Ohlc4.Sma(3).Shift(1),
    };

    [Theory]
    [MemberData(nameof(Operators))]
    public void Process_AnyBlocks_EqualsTheStreamInEveryBit(string name)
    {
        var plan = Compute.PlanOf(AllOperators[name]);
        Prop.ForAll<int, byte[]>((seed, cuts) =>
        {
            var bars = new RandomBars(seed, 200);
            var (stream, streamState) = Compute.InBlocks(plan, bars, Enumerable.Repeat(1, bars.Count));
            var (batch, batchState) = Compute.InBlocks(plan, bars, [bars.Count]);
            var (cut, cutState) = Compute.InBlocks(plan, bars, cuts.Select(c => 1 + (c % 64)).Concat(Enumerable.Repeat(13, bars.Count)));
            return Same(stream, batch) && Same(stream, cut) && streamState.SequenceEqual(batchState) && streamState.SequenceEqual(cutState);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void Process_AnyInput_IsFiniteOrMissing(string name)
    {
        var plan = Compute.PlanOf(AllOperators[name]);
        var bars = new RandomBars(5, 500, huge: true);

        var (values, _) = Compute.InBlocks(plan, bars, [bars.Count]);

        Assert.DoesNotContain(values, double.IsInfinity);
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void Restore_StateOfAnotherRun_GoesOnWithTheSameBits(string name)
    {
        var plan = Compute.PlanOf(AllOperators[name]);
        var bars = new RandomBars(11, 300);
        var (whole, _) = Compute.InBlocks(plan, bars, [bars.Count]);
        var (_, state) = Compute.InBlocks(plan, bars.Take(137), [137]);

        var rest = Compute.Continue(plan, bars.Skip(137), state);

        Assert.True(Same(whole[137..], rest));
    }

    [Fact]
    public void Process_SteadyState_AllocatesNothing()
    {
        var plan = Compute.PlanOf(p => (p.Close.Sma(10).Above(p.Close.Sma(30)) & (p.High.Shift(2) > p.Low)).Then(1.0, p.Close.Abs() / p.Open));
        var run = plan.Start(blockLength: 1);
        void Step(int i)
        {
            for (var s = 0; s < plan.Sources.Count; s++) run.Source(s)[0] = 100 + (i % 7);
            run.Process(1);
        }

        for (var i = 0; i < 1000; i++) Step(i);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) Step(i);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static int Present(ReadOnlySpan<double> values)
    {
        var present = 0;
        foreach (var value in values) present += double.IsNaN(value) ? 0 : 1;
        return present;
    }

    private static bool Same(double[] a, double[] b) =>
        a.Length == b.Length && a.Zip(b).All(pair => BitConverter.DoubleToInt64Bits(pair.First) == BitConverter.DoubleToInt64Bits(pair.Second));
}

/// <summary>What only a strategy can reach.</summary>
internal abstract class TestStrategy : Strategy
{
    public static Series FourWay(Signal enterLong, Signal exitLong, Signal enterShort, Signal exitShort) => EnterExit(enterLong, exitLong, enterShort, exitShort);
}
