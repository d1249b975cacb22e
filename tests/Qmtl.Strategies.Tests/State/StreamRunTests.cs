using FsCheck;
using FsCheck.Fluent;
using Qmtl.Identity;

namespace Qmtl.Strategies.Tests;

public sealed class StreamRunTests
{
    private const long Minute = 60_000_000_000;

    private static readonly ComputePlan OneInstrument = Plan(["X"], s =>
    {
        var close = s.Price("X").Close;
        s.Output("y", (close.Sma(5) - close.Shift(3)) / s.Price("X").High);
        s.Output("first", (close > close.Sma(3)).AsSeries().AfterFirstChange());
    });

    private static readonly ComputePlan TwoInstruments = Plan(["X", "Y"], s => s.Output("y", (s.Price("X").Close / s.Price("Y").Close).Sma(4) + s.Price("Y").Low.Shift(2)));

    private static readonly ComputePlan TwoClocks = Plan(["X"], s =>
    {
        var close = s.Price("X").Close;
        s.Output("slow", close.Resample("5m").Sma(3).AsOf(close));
        s.Output("fast", close - close.Resample("15m", Aggregate.Max).AsOf(close));
    });

    [Fact]
    public void Feed_SeveralClocks_EndsWhereACleanRunEnds() => Check(TwoClocks, lateness: 0);

    [Fact]
    public void Feed_LateRepeatedAndMissingBars_EndsWhereACleanRunEnds() => Check(OneInstrument, lateness: 0);

    [Fact]
    public void Feed_SeveralInstruments_EndsWhereACleanRunEnds() => Check(TwoInstruments, lateness: 0);

    [Fact]
    public void Feed_SeveralInstrumentsWithLateness_EndsWhereACleanRunEnds() => Check(TwoInstruments, lateness: 3);

    [Fact]
    public void Feed_OneInstrument_ComputesEveryBarAtOnce()
    {
        using var stream = new StreamRun(OneInstrument);
        var rows = new List<StreamRow>();
        stream.OnRow = rows.Add;

        for (var i = 1; i <= 3; i++) Assert.Equal(StreamOutcome.Computed, stream.Feed(stream["X"], i * Minute, [i, i]));

        Assert.Equal([new StreamRow(Minute, false), new StreamRow(2 * Minute, false), new StreamRow(3 * Minute, false)], rows);
        Assert.Equal(3 * Minute, stream.LastTime);
    }

    [Fact]
    public void Feed_SameBarAgain_ComputesItAgainOnly()
    {
        using var stream = new StreamRun(OneInstrument);
        for (var i = 1; i <= 40; i++) stream.Feed(stream["X"], i * Minute, [i, i]);
        var rows = new List<StreamRow>();
        stream.OnRow = row => { if (row.Time == 40 * Minute) rows.Add(row); };

        Assert.Equal(StreamOutcome.Corrected, stream.Feed(stream["X"], (40 * Minute) + 5, [7, 7]));

        Assert.Equal([new StreamRow(40 * Minute, true)], rows);
    }

    [Fact]
    public void Feed_OlderThanCorrectionsReach_IsDroppedAndChangesNothing()
    {
        using var stream = new StreamRun(OneInstrument, new StreamRunOptions { LateBars = 4 });
        for (var i = 1; i <= 100; i++) stream.Feed(stream["X"], i * Minute, [i, i]);
        var before = stream.TakeSnapshot(TimeProvider.System).Meta.StateHash;

        Assert.Equal(StreamOutcome.Dropped, stream.Feed(stream["X"], 80 * Minute, [7, 7]));

        Assert.Equal(1, stream.DroppedCount);
        Assert.Equal(before, stream.TakeSnapshot(TimeProvider.System).Meta.StateHash);
    }

    [Theory]
    [InlineData(OnLate.Ignore, StreamOutcome.Ignored)]
    [InlineData(OnLate.SideOutput, StreamOutcome.PutAside)]
    public void Feed_LateBarUnderAnotherPolicy_LeavesTheResultAlone(OnLate policy, StreamOutcome expected)
    {
        using var stream = new StreamRun(OneInstrument, new StreamRunOptions { OnLate = policy });
        for (var i = 1; i <= 10; i++) stream.Feed(stream["X"], i * Minute, [i, i]);
        var before = stream.TakeSnapshot(TimeProvider.System).Meta.StateHash;

        Assert.Equal(expected, stream.Feed(stream["X"], 9 * Minute, [7, 8]));

        Assert.Equal(before, stream.TakeSnapshot(TimeProvider.System).Meta.StateHash);
        Assert.Equal(policy == OnLate.SideOutput ? 1 : 0, stream.TakeLateBars().Count);
        Assert.Equal(StreamOutcome.Corrected, stream.Feed(stream["X"], 10 * Minute, [7, 8]));
    }

    [Fact]
    public void Feed_OneOfTwoInstruments_WaitsForTheOtherOrForALaterBar()
    {
        using var stream = new StreamRun(TwoInstruments);

        Assert.Equal(StreamOutcome.Waiting, stream.Feed(stream["X"], Minute, [1]));
        Assert.Equal(StreamOutcome.Computed, stream.Feed(stream["Y"], Minute, [1, 1]));
        Assert.Equal(StreamOutcome.Waiting, stream.Feed(stream["X"], 2 * Minute, [1]));
        Assert.Equal(StreamOutcome.Computed, stream.Feed(stream["X"], 3 * Minute, [1]));
        Assert.Equal(2 * Minute, stream.LastTime);
        Assert.True(stream.CloseBefore(4 * Minute));
        Assert.Equal(3 * Minute, stream.LastTime);
        Assert.Equal(StreamOutcome.Corrected, stream.Feed(stream["Y"], 2 * Minute, [1, 1]));
    }

    [Fact]
    public void Hydrate_InTheMiddle_GoesOnWithTheSameBits()
    {
        var bars = new RandomBars(3, 300);
        using var whole = new StreamRun(OneInstrument);
        using var first = new StreamRun(OneInstrument);
        using var second = new StreamRun(OneInstrument);
        for (var i = 0; i < 300; i++) Feed(whole, bars, i);
        for (var i = 0; i < 137; i++) Feed(first, bars, i);

        second.Hydrate(first.TakeSnapshot(TimeProvider.System), RuntimeCompat.Strict);

        Assert.Equal(first.LastTime, second.LastTime);
        Assert.Equal(StreamOutcome.Dropped, Feed(second, bars, 100));
        for (var i = 137; i < 300; i++) Feed(second, bars, i);
        Assert.Equal(whole.TakeSnapshot(TimeProvider.System).Meta.StateHash, second.TakeSnapshot(TimeProvider.System).Meta.StateHash);
    }

    [Fact]
    public void Feed_SteadyState_AllocatesNothing()
    {
        using var stream = new StreamRun(TwoInstruments);
        var (x, y) = (stream["X"], stream["Y"]);
        void Step(int i)
        {
            stream.Feed(x, i * Minute, [i]);
            stream.Feed(y, i * Minute, [i, i]);
            if (i % 10 == 9) stream.Feed(x, (i - 5) * Minute, [i]);
        }

        for (var i = 0; i < 500; i++) Step(i);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 500; i < 5_000; i++) Step(i);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Options_OutOfRange_AreRefusedByName()
    {
        Assert.Contains("late_bars", Assert.Throws<RefusalException>(() => new StreamRun(OneInstrument, new StreamRunOptions { LateBars = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("allowed_lateness", Assert.Throws<RefusalException>(() => new StreamRun(OneInstrument, new StreamRunOptions { AllowedLateness = TimeSpan.FromDays(99) })).Message, StringComparison.Ordinal);
        using var stream = new StreamRun(OneInstrument);
        Assert.Contains("X", Assert.Throws<RefusalException>(() => stream["Z"]).Message, StringComparison.Ordinal);
    }

    /// <summary>Bars in a random order of delivery, some of them first with a wrong value, against a run over the final bars.</summary>
    private static void Check(ComputePlan plan, int lateness) => Prop.ForAll<int>(seed =>
    {
        var random = new Random(seed);
        var lateBars = random.Next(1, 12);
        using var stream = new StreamRun(plan, new StreamRunOptions { LateBars = lateBars, AllowedLateness = TimeSpan.FromMinutes(lateness) });
        var final = new SortedDictionary<(long Time, int Feed), double[]>();
        var deliveries = new List<(double Key, long Time, int Feed, double[] Row)>();
        var slot = 0L;
        for (var i = 0; i < 150; i++)
        {
            slot += random.Next(12) == 0 ? random.Next(1, 60) : 1;
            for (var feed = 0; feed < stream.Feeds.Count; feed++)
            {
                if (random.Next(10) == 0) continue;
                var row = stream.Feeds[feed].Columns.Select(_ => random.Next(20) == 0 ? double.NaN : random.Next(1, 100)).ToArray();
                final[(slot, feed)] = row;
                var delay = random.Next(3) == 0 ? random.NextDouble() * lateBars * 0.999 : 0;
                if (random.Next(6) == 0) deliveries.Add((slot + (delay * random.NextDouble()), slot, feed, [.. row.Select(_ => -1.0)]));
                deliveries.Add((slot + delay, slot, feed, row));
            }
        }

        var values = new SortedDictionary<long, double[]>();
        stream.OnRow = row => values[row.Time / Minute] = [.. plan.Graph.Outputs.Select(output => stream.Value(output.Index))];
        foreach (var (_, time, feed, row) in deliveries.OrderBy(delivery => delivery.Key)) stream.Feed(stream.Feeds[feed], (time * Minute) + random.NextInt64(Minute), row);
        stream.CloseBefore(long.MaxValue);
        var (expected, hash) = Clean(plan, stream.Feeds, final);
        return stream.DroppedCount == 0
            && values.Keys.SequenceEqual(expected.Keys)
            && values.Values.SelectMany(row => row).Select(BitConverter.DoubleToInt64Bits).SequenceEqual(expected.Values.SelectMany(row => row).Select(BitConverter.DoubleToInt64Bits))
            && stream.TakeSnapshot(TimeProvider.System).Meta.StateHash == hash;
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private static (SortedDictionary<long, double[]> Values, string StateHash) Clean(ComputePlan plan, IReadOnlyList<StreamFeed> feeds, SortedDictionary<(long Time, int Feed), double[]> bars)
    {
        var values = new SortedDictionary<long, double[]>();
        var run = plan.Start(1);
        foreach (var time in bars.Keys.Select(key => key.Time).Distinct())
        {
            for (var source = 0; source < plan.Sources.Count; source++)
            {
                var feed = feeds.Index().First(candidate => candidate.Item.Instrument == plan.Sources[source].Instrument).Index;
                var column = feeds[feed].Columns.Index().First(candidate => candidate.Item == plan.Sources[source].Column).Index;
                run.Source(source)[0] = bars.TryGetValue((time, feed), out var row) ? row[column] : double.NaN;
            }

            if (plan.NeedsTimes) run.Times[0] = time * Minute;
            run.Process(1);
            values[time] = [.. plan.Graph.Outputs.Select(output => run.Values(output.Index)[0])];
        }

        return (values, RunSnapshot.Take(plan, run, 0, TimeProvider.System).Meta.StateHash);
    }

    private static StreamOutcome Feed(StreamRun stream, RandomBars bars, int i) => stream.Feed(stream["X"], (i + 1) * Minute, [.. stream["X"].Columns.Select(column => bars[column][i])]);

    private static ComputePlan Plan(string[] instruments, Action<StrategyBuilder> build)
    {
        var builder = new StrategyBuilder("test", new Universe(instruments, 60));
        build(builder);
        return ComputePlan.For(builder.ToGraph());
    }
}
