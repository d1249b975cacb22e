using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Strategies.Tests;

/// <summary>The ring against a list that is sorted again after every event.</summary>
public sealed class NodeCacheModelTests
{
    private const long Interval = 60_000_000_000;

    [Fact]
    public void Append_LateDuplicateAndUnorderedEvents_EqualsTheSortedList() => Check(Prop.ForAll<byte, (short Step, double Value)[]>((period, events) =>
    {
        var input = new CacheInput("up", 60, (period % 12) + 1, ["a", "b"]);
        var model = new Model(input.Period);
        var now = 0L;
        return events.All(item =>
        {
            // Mostly forward by one, sometimes far ahead, sometimes back; and anywhere in the bucket.
            now += item.Step % 5 == 0 ? item.Step % 7 : 1;
            var time = ((now + Back(item.Step)) * Interval) + (Math.Abs((long)item.Step) * 1_000_003 % Interval);
            var write = input.Append(time, [item.Value, -item.Value]);
            return write == model.Append(time, item.Value) && Same(input, model);
        });
    }));

    [Fact]
    public void Backfill_AnyHistory_LiveWinsAndTheWindowIsSorted() => Check(Prop.ForAll<byte, byte[], byte[]>((period, live, history) =>
    {
        var input = new CacheInput("up", 60, (period % 12) + 1, ["a", "b"]);
        var model = new Model(input.Period);
        foreach (var at in live)
        {
            input.Append(at % 32 * Interval, [at, -at]);
            model.Append(at % 32 * Interval, at);
        }

        long[] times = [.. history.Select(at => at % 32 * Interval)];
        NodeCache.Backfill(input, times, [.. history.SelectMany(at => new double[] { 1000 + at, -1000 - at })]);
        model.Backfill(times, [.. history.Select(at => 1000.0 + at)]);
        return Same(input, model);
    }));

    [Fact]
    public void Ranges_AnyHistory_AreMergedAndCoverWhatIsInTheWindow() => Check(Prop.ForAll<byte, byte[]>((period, history) =>
    {
        var input = new CacheInput("up", 60, (period % 12) + 1, ["a"]);
        foreach (var at in history) NodeCache.Backfill(input, [at % 32 * Interval], [at]);
        var ranges = input.Ranges.All;
        var apart = ranges.Zip(ranges.Skip(1)).All(pair => pair.First.End + Interval < pair.Second.Start);
        return apart && input.Window.Times.ToArray().All(time => ranges.Any(range => range.Start <= time && time <= range.End));
    }));

    private static void Check(Property property) => property.Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static long Back(short step) => (step & 3) == 0 ? -(step & 15) : 0;

    private static bool Same(CacheInput input, Model model)
    {
        var window = input.Window;
        return window.Times.SequenceEqual(model.Bars.Keys.ToArray())
            && window[0].SequenceEqual(model.Bars.Values.ToArray())
            && window[1].SequenceEqual(model.Bars.Values.Select(value => -value).ToArray())
            && input.LastTime == model.Last
            && input.IsMissing == model.Missing
            && input.DroppedCount == model.Dropped
            && input.IsFull == (model.Bars.Count == input.Period);
    }

    private sealed class Model(int period)
    {
        public SortedList<long, double> Bars { get; } = [];

        public long? Last { get; private set; }

        public bool Missing { get; private set; }

        public long Dropped { get; private set; }

        public CacheWrite Append(long time, double value)
        {
            value = double.IsFinite(value) ? value : double.NaN;
            var bucket = (long)Math.Floor((decimal)time / Interval) * Interval;
            if (bucket <= Last - (period * Interval))
            {
                Dropped++;
                return CacheWrite.Dropped;
            }

            var known = Bars.ContainsKey(bucket);
            if (Last is null || bucket > Last) Missing = Last is { } last && last + Interval != bucket;
            else if (bucket < Last) Missing = false;
            var write = known ? CacheWrite.Replaced : Last is null || bucket > Last ? CacheWrite.Appended : CacheWrite.Inserted;
            Put(bucket, value);
            return write;
        }

        public void Backfill(long[] times, double[] values)
        {
            if (times.Length == 0) return;
            var live = Bars.Keys.ToHashSet();
            for (var i = 0; i < times.Length; i++)
            {
                if (!live.Contains(times[i])) Put(times[i], values[i]);
            }

            Missing = Bars.Count > 1 && Bars.Keys[^1] - Bars.Keys[^2] != Interval;
        }

        private void Put(long bucket, double value)
        {
            Bars[bucket] = value;
            Last = Bars.Keys[^1];
            while (Bars.Keys[0] <= Last - (period * Interval)) Bars.RemoveAt(0);
        }
    }
}
