using FsCheck;
using FsCheck.Fluent;
using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

/// <summary>Longer bars in the bars of a run: against a plain reference, over gaps, in any blocks, never ahead of time.</summary>
public sealed class ClockTests
{
    private const int Minute = 60;

    public static TheoryData<Aggregate> Aggregates => [.. Enum.GetValues<Aggregate>()];

    [Theory]
    [MemberData(nameof(Aggregates))]
    public void Resample_AsOfRandomGaps_EqualsTheReference(Aggregate aggregate)
    {
        foreach (var seconds in new[] { 120, 300, 3600 }) AssertReference(aggregate, seconds);
    }

    public static TheoryData<string> Expressions => [.. AllExpressions.Keys];

    private static readonly Dictionary<string, Func<PriceSeries, Series>> AllExpressions = new(StringComparer.Ordinal)
    {
        ["hourly sma"] = p => p.Resample("1h").Close.Sma(3).AsOf(p),
        ["range of five minutes"] = p => (p.Resample("5m").High - p.Resample("5m").Low).AsOf(p) + p.Close,
        ["three clocks"] = p => (p.Resample("1h").Close.Sma(2).AsOf(p.Resample("5m")) - p.Resample("5m").Close.Shift(1)).AsOf(p),
        ["gathered twice"] = p => p.Close.Resample("5m", Aggregate.Max).Resample("1h", Aggregate.Mean).AsOf(p),
        ["signal"] = p => p.Resample("2m").Close.CrossesAbove(p.Resample("2m").Open).AsOf(p).AsSeries(),
        ["time"] = p => p.Time - p.Resample("1h").Time.AsOf(p),
        ["gathered average"] = p => p.Close.Sma(4).Resample("5m", Aggregate.Sum).AsOf(p),
    };

    [Theory]
    [MemberData(nameof(Expressions))]
    public void Process_AnyBlocks_EqualsTheStreamInEveryBit(string name)
    {
        var plan = Compute.PlanOf(AllExpressions[name]);
        Prop.ForAll<int, byte[]>((seed, cuts) =>
        {
            var bars = new GappyBars(seed, 300);
            var (stream, streamState) = Compute.InBlocks(plan, bars, Enumerable.Repeat(1, bars.Count));
            var (batch, batchState) = Compute.InBlocks(plan, bars, [bars.Count]);
            var (cut, cutState) = Compute.InBlocks(plan, bars, cuts.Select(c => 1 + (c % 64)).Concat(Enumerable.Repeat(13, bars.Count)));
            return Same(stream, batch) && Same(stream, cut) && streamState.SequenceEqual(batchState) && streamState.SequenceEqual(cutState);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [MemberData(nameof(Expressions))]
    public void Process_WhatComesLater_ChangesNothingBefore(string name)
    {
        var plan = Compute.PlanOf(AllExpressions[name]);
        Prop.ForAll<int>(seed =>
        {
            var bars = new GappyBars(seed, 200);
            var other = bars.WithOtherEnding(from: 120, seed + 1);
            var (before, after) = (Compute.InBlocks(plan, bars, [200]).Values, Compute.InBlocks(plan, other, [200]).Values);
            return Same(before[..120], after[..120]);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [MemberData(nameof(Expressions))]
    public void Restore_StateOfAnotherRun_GoesOnWithTheSameBits(string name)
    {
        var plan = Compute.PlanOf(AllExpressions[name]);
        var bars = new GappyBars(5, 300);
        var (whole, _) = Compute.InBlocks(plan, bars, [300]);
        var (_, state) = Compute.InBlocks(plan, bars.Slice(0, 137), [137]);

        Assert.True(Same(whole[137..], Compute.Continue(plan, bars.Slice(137, 163), state)));
    }

    [Fact]
    public void Resample_CompleteHour_IsSeenByTheBarThatEndsWithIt()
    {
        var bars = GappyBars.Every(Minute, 130);

        var values = Compute.Values(p => p.Resample("1h").Close.AsOf(p), bars);

        Assert.All(values[..59], value => Assert.True(double.IsNaN(value)));
        Assert.All(values[59..119], value => Assert.Equal(bars.Close[59], value));
        Assert.All(values[119..], value => Assert.Equal(bars.Close[119], value));
    }

    [Fact]
    public void Resample_LastMinuteMissing_IsSeenByTheNextBarThereIs()
    {
        // 00:00 .. 00:58, then 01:01: the hour's last bar is missing.
        var bars = GappyBars.Every(Minute, 65).Without(59, 60);

        var values = Compute.Values(p => p.Resample("1h").Close.AsOf(p), bars);

        Assert.True(double.IsNaN(values[58]));
        Assert.Equal(bars.Close[58], values[59]);
    }

    [Fact]
    public void Resample_BarThatEndsTwoLongBars_ShowsTheLaterOne()
    {
        // 00:00, then 00:03: the second bar proves that 00:00-00:02 is over, and ends 00:02-00:04 itself.
        var bars = GappyBars.Every(Minute, 4).Without(1, 2);

        foreach (var lengths in new[] { new[] { 2 }, [1, 1] })
        {
            var values = Compute.InBlocks(Compute.PlanOf(p => (p.Resample("2m").Close + p.Resample("2m").Close.Shift(1)).AsOf(p)), bars, lengths).Values;
            Assert.Equal([double.NaN, bars.Close[0] + bars.Close[1]], values);
        }
    }

    [Theory]
    [MemberData(nameof(Expressions))]
    public void Warmup_WhereverTheDataBegins_IsEnough(string name)
    {
        var graph = Compute.GraphOf(AllExpressions[name]);
        var worst = 0;
        for (var phase = 0; phase < 60; phase++)
        {
            var values = Compute.Values(AllExpressions[name], GappyBars.Every(Minute, 400, firstMinute: phase));
            worst = Math.Max(worst, Array.FindIndex(values, value => !double.IsNaN(value)));
        }

        Assert.InRange(worst, 0, graph.Warmup);
        // Exact where nothing is gathered from a series that itself begins within a long bar.
        if (name is "hourly sma" or "range of five minutes" or "time" or "signal") Assert.Equal(graph.Warmup, worst);
    }

    [Fact]
    public void NodeId_OfClockNodes_SaysIntervalAndAggregate()
    {
        var graph = Compute.GraphOf(p => p.Close.Resample("1h", Aggregate.Max).AsOf(p));

        var resample = graph.Nodes[2];
        Assert.Equal(3600, resample.Interval);
        var preImage = $"ProcessingNode|3600|1|{{\"config\":{{\"aggregate\":\"max\",\"interval\":3600}},\"op\":\"resample\"}}|{graph.Nodes[1].NodeId}|series-v1|{ContentHash.Sha256Hex("qmtl.op/resample/1")}";
        Assert.Equal("blake3:" + Blake3.HashHex(System.Text.Encoding.UTF8.GetBytes(preImage)), resample.NodeId);
        Assert.Equal("as_of(resample(close(X@1m), aggregate=max, interval=3600))", graph.Nodes[3].Name);
        Assert.Equal(60, graph.Nodes[3].Interval);
    }

    [Fact]
    public void Resample_ToTheOwnInterval_IsTheSeriesItself()
    {
        var price = new PriceSeries("X", 60);

        Assert.Equal(price.Close.NodeId, price.Close.Resample("1m").NodeId);
        Assert.Equal(price.Close.NodeId, price.Resample("60s").Close.NodeId);
        Assert.Equal(price.Close.NodeId, price.Close.AsOf(price).NodeId);
        Assert.NotEqual(price.Close.NodeId, price.Close.Resample("1m", Aggregate.Count).NodeId);
    }

    [Fact]
    public void Clocks_Mistakes_SayWhatIsWrong()
    {
        Refused(
            "subtract(close(X@1m), sma(resample(close(X@1m), ...ate=last, interval=3600), 5)): mixes clocks: close(X@1m) comes every 1m, sma(resample(close(X@1m), aggre...interval=3600), 5) every 1h; write coarse.AsOf(fine) for its last complete bar, or fine.Resample(\"1h\").",
            p => p.Close - p.Resample("1h").Close.Sma(5));
        Refused("resample(close(X@1m)): interval must be a multiple of 1m, the interval it comes at, was 30s.", p => p.Close.Resample("30s"));
        Refused("resample(close(X@1m)): interval must be a multiple of 1m, the interval it comes at, was 90s.", p => p.Close.Resample("90s"));
        Refused("X@90s: cannot be had from bars every 1m; ask for a multiple of 1m, or run on finer data.", p => p.Resample("90s").Close);
        Refused("as_of(close(X@1m)): clock must be finer than 1m, was 1h; gather shorter bars into longer ones with Resample(interval).", p => p.Close.AsOf(p.Resample("1h")));
    }

    [Fact]
    public void Clocks_MistakeDeepInAnExpression_IsSaidBriefly()
    {
        var price = new PriceSeries("X", 60);
        var (fine, coarse) = (price.Close, price.Resample("1h").Close);
        for (var i = 0; i < 20; i++) (fine, coarse) = (fine.Ema(i + 2).Sma(5) + price.Open, coarse.Ema(i + 2).StdDev(5));

        var refusal = Assert.Throws<RefusalException>(() => (fine / coarse).Sma(3));

        Assert.True(refusal.Message.Length < 310, refusal.Message);
        Assert.StartsWith("divide(add(sma(", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("or fine.Resample(\"1h\").", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Target_OnACoarserClock_IsRefusedWithTheFix()
    {
        var builder = new StrategyBuilder("test", Compute.Universe);

        var refusal = Assert.Throws<RefusalException>(() => builder.Target(builder.Price().Resample("1h").Close));

        Assert.Contains("mixes clocks: X@1m comes every 1m, resample(close(X@1m), aggregate=last, interval=3600) every 1h; write coarse.AsOf(fine)", refusal.Message, StringComparison.Ordinal);
        builder.Target(builder.Price().Resample("1h"), builder.Price().Resample("1h").Close.AsOf(builder.Price()));
    }

    [Fact]
    public void Process_TimesThatDoNotIncrease_AreRefused()
    {
        var plan = Compute.PlanOf(p => p.Resample("1h").Close.AsOf(p));
        var run = plan.Start(2);
        run.Times[0] = 60_000_000_000;
        run.Times[1] = 60_000_000_000;

        Assert.Contains("must increase", Assert.Throws<RefusalException>(() => run.Process(2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Process_SteadyStateOnSeveralClocks_AllocatesNothing()
    {
        var plan = Compute.PlanOf(AllExpressions["three clocks"]);
        var run = plan.Start(1);
        var time = 0L;
        void Step()
        {
            for (var s = 0; s < plan.Sources.Count; s++) run.Source(s)[0] = time % 7;
            run.Times[0] = time += 60_000_000_000;
            run.Process(1);
        }

        for (var i = 0; i < 1000; i++) Step();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++) Step();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Refused(string message, Func<PriceSeries, Series> expression) =>
        Assert.Equal(message, Assert.Throws<RefusalException>(() => Compute.GraphOf(expression)).Message);

    private static void AssertReference(Aggregate aggregate, int seconds)
    {
        var plan = Compute.PlanOf(p => p.Close.Resample($"{seconds}", aggregate).AsOf(p));
        Prop.ForAll<int>(seed =>
        {
            var bars = new GappyBars(seed, 200);
            var expected = Reference(bars.Times.ToArray(), bars.Close, seconds, aggregate);
            var values = Compute.InBlocks(plan, bars, [bars.Count]).Values;
            for (var i = 0; i < values.Length; i++) Assert.Equal(expected[i], values[i], 1e-9);
        }).QuickCheckThrowOnFailure();
    }

    /// <summary>For each bar: of all long bars that hold a bar and end no later than it, the last; computed from everything it holds.</summary>
    private static double[] Reference(long[] times, double[] values, int seconds, Aggregate aggregate)
    {
        var longBars = times.Zip(values).GroupBy(bar => bar.First / 1_000_000_000 / seconds).Select(group => (
            End: (group.Key + 1) * seconds * 1_000_000_000L,
            Value: Gather([.. group.Select(bar => bar.Second).Where(value => !double.IsNaN(value))], aggregate))).ToArray();
        return [.. times.Select(time => longBars.Where(bar => bar.End <= time + (Minute * 1_000_000_000L)).Select(bar => bar.Value).DefaultIfEmpty(double.NaN).Last())];
    }

    private static double Gather(double[] values, Aggregate aggregate) => aggregate switch
    {
        Aggregate.Count => values.Length,
        _ when values.Length == 0 => double.NaN,
        Aggregate.First => values[0],
        Aggregate.Last => values[^1],
        Aggregate.Max => values.Max(),
        Aggregate.Min => values.Min(),
        Aggregate.Sum => values.Sum(),
        _ => values.Average(),
    };

    private static bool Same(double[] a, double[] b) =>
        a.Length == b.Length && a.Zip(b).All(pair => BitConverter.DoubleToInt64Bits(pair.First) == BitConverter.DoubleToInt64Bits(pair.Second));

    /// <summary>Minute bars with values missing and whole bars missing, in short and long stretches.</summary>
    private sealed class GappyBars : IColumnSource
    {
        private readonly long[] _times;
        private readonly RandomBars _columns;

        public GappyBars(int seed, int count)
        {
            var random = new Random(seed);
            var minute = (long)random.Next(0, 200);
            _times = new long[count];
            for (var i = 0; i < count; i++)
            {
                _times[i] = minute * 60_000_000_000L;
                minute += random.Next(10) switch { 0 => random.Next(1, 10), 1 => random.Next(30, 200), _ => 1 };
            }

            _columns = new RandomBars(seed, count, missing: 0.1);
        }

        private GappyBars(long[] times, RandomBars columns)
        {
            _times = times;
            _columns = columns;
        }

        public string Instrument => "X";

        public int Count => _times.Length;

        public ReadOnlySpan<long> Times => _times;

        public double[] Close => _columns["close"];

        public IReadOnlyCollection<string> ColumnNames => _columns.ColumnNames;

        public static GappyBars Every(int seconds, int count, int firstMinute = 0) => new(
            [.. Enumerable.Range(0, count).Select(i => (firstMinute * 60_000_000_000L) + (i * seconds * 1_000_000_000L))], new RandomBars(1, count, missing: 0));

        public ReadOnlyMemory<double>? FindColumn(string name) => _columns.FindColumn(name);

        public GappyBars Slice(int start, int count) => new(_times.AsSpan(start, count).ToArray(), _columns.Skip(start).Take(count));

        public GappyBars Without(params int[] bars)
        {
            var kept = Enumerable.Range(0, Count).Except(bars).ToArray();
            return new GappyBars([.. kept.Select(i => _times[i])], _columns.Rows(kept));
        }

        /// <summary>The same up to bar <paramref name="from"/>; other values at other times behind it.</summary>
        public GappyBars WithOtherEnding(int from, int seed)
        {
            var random = new Random(seed);
            var times = _times[..];
            for (var i = from; i < times.Length; i++) times[i] = times[i - 1] + (60_000_000_000L * random.Next(1, 90));
            return new GappyBars(times, _columns.Take(from).Then(new RandomBars(seed, Count - from)));
        }
    }
}
