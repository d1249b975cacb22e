using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>How a <see cref="StreamRun"/> treats bars that do not come in order.</summary>
public sealed record StreamRunOptions
{
    /// <summary>A late bar up to this many intervals behind the newest one corrects what was computed; 1 to 4,000. Older ones may be dropped.</summary>
    public int LateBars { get; init; } = 16;

    /// <summary>How long an instrument may lag behind before a bar is computed without it. Of one instrument, bars are computed as they come.</summary>
    public TimeSpan AllowedLateness { get; init; }

    /// <summary>What to do with a bar of a time that was passed already.</summary>
    public OnLate OnLate { get; init; }

    /// <summary>Where to count; null counts nothing.</summary>
    public StateMetrics? Metrics { get; init; }
}

/// <summary>A bar that was computed.</summary>
/// <param name="Time">Its bucket, nanoseconds UTC.</param>
/// <param name="IsCorrection">Whether it had been computed before, from other data.</param>
public readonly record struct StreamRow(long Time, bool IsCorrection);

/// <summary>What came of a bar.</summary>
public enum StreamOutcome
{
    /// <summary>It waits for the same bar of other instruments.</summary>
    Waiting,

    /// <summary>At least one new bar was computed.</summary>
    Computed,

    /// <summary>It corrected the past: everything from there on was computed again.</summary>
    Corrected,

    /// <summary>It was late, and late bars are ignored.</summary>
    Ignored,

    /// <summary>It was late and was put aside.</summary>
    PutAside,

    /// <summary>It was too old to be corrected; it was counted.</summary>
    Dropped,
}

/// <summary>One instrument of a <see cref="StreamRun"/>: what a bar of it must contain.</summary>
public sealed class StreamFeed
{
    internal StreamFeed(string instrument, CacheInput input, int[] sources)
    {
        Instrument = instrument;
        Input = input;
        Sources = sources;
    }

    /// <summary>The instrument.</summary>
    public string Instrument { get; }

    /// <summary>The columns of a bar, in this order.</summary>
    public IReadOnlyList<string> Columns => Input.Columns;

    /// <summary>The bars that are kept for corrections.</summary>
    public CacheInput Input { get; }

    /// <summary>Which source of the plan each column goes to.</summary>
    internal int[] Sources { get; }
}

/// <summary>Feeds a plan with single bars as they come: out of order, twice, late, or not at all.</summary>
/// <remarks>
/// Bars of several instruments are computed together once all have come, or when one of a later time shows that the others will not (see
/// <see cref="StreamRunOptions.AllowedLateness"/>); an instrument without a bar is missing there. Whatever the order in which bars came, results
/// are equal in every bit to a run over the bars in their final form, as long as corrections reach back no further than
/// <see cref="StreamRunOptions.LateBars"/>: a correction goes back to a saved state and computes forward from there. In steady state nothing is allocated.
/// Not thread-safe.
/// </remarks>
public sealed class StreamRun : IDisposable
{
    /// <summary>The most intervals that corrections may reach back.</summary>
    public const int MaxLateBars = 4_000;

    private const long NoTime = long.MinValue;

    private readonly NodeCache _cache;
    private readonly PlanRun _run;
    private readonly OnLate _onLate;
    private readonly long _interval;
    private readonly long _lateness;
    private readonly Queue<LateBar> _late = [];
    private readonly Rewind _rewind;
    private readonly StreamRows _rows;
    private long _newest = NoTime;
    private long _computed = NoTime;

    /// <summary>Begins before the first bar.</summary>
    /// <exception cref="RefusalException">An option is out of range.</exception>
    public StreamRun(ComputePlan plan, StreamRunOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(plan);
        options ??= new StreamRunOptions();
        if (options.LateBars is < 1 or > MaxLateBars) throw Refuse.Parameter("late_bars", $"must be 1 to {MaxLateBars}, was {options.LateBars}");
        Plan = plan;
        // The clock of the data; others are multiples of it.
        var seconds = plan.Layout.Clocks[0];
        _interval = seconds * 1_000_000_000L;
        _lateness = options.AllowedLateness.Ticks * TimeSpan.NanosecondsPerTick;
        if (_lateness < 0 || _lateness / _interval > MaxLateBars / 4) throw Refuse.Parameter("allowed_lateness", $"must be 0 to {MaxLateBars / 4} bars of {Interval.Format(seconds)}, was {options.AllowedLateness}");
        _onLate = options.OnLate;
        var period = (2 * options.LateBars) + (int)(_lateness / _interval) + 2;
        _cache = new NodeCache(new NodeCacheOptions { NodeId = plan.Graph.Name, Period = period, Metrics = options.Metrics });
        Feeds = [.. plan.Sources.Index().GroupBy(source => source.Item.Instrument, StringComparer.Ordinal).Select(group => new StreamFeed(
            group.Key, _cache.Add(group.Key, seconds, [.. group.Select(source => source.Item.Column)]), [.. group.Select(source => source.Index)]))];
        _run = plan.Start(blockLength: 1);
        _rows = new StreamRows(Feeds);
        _rewind = new Rewind(options.LateBars * _interval, period * _interval, _run.State.Length);
    }

    /// <summary>What is computed.</summary>
    public ComputePlan Plan { get; }

    /// <summary>The instruments, in the order the plan reads them.</summary>
    public IReadOnlyList<StreamFeed> Feeds { get; }

    /// <summary>Called after each computed bar, before the next; values are read with <see cref="Value(int)"/>.</summary>
    public Action<StreamRow>? OnRow { get; set; }

    /// <summary>The last bar that was computed, nanoseconds UTC; null before the first.</summary>
    public long? LastTime => _computed == NoTime ? null : _computed;

    /// <summary>Bars that came too late to be corrected.</summary>
    public long DroppedCount { get; private set; }

    /// <summary>Bytes held: windows and saved states, whatever the length of the history.</summary>
    public long ResidentBytes => _cache.ResidentBytes + (3L * _run.State.Length);

    /// <summary>The instrument's feed.</summary>
    /// <exception cref="RefusalException">The plan does not read it.</exception>
    public StreamFeed this[string instrument] => Feeds.FirstOrDefault(feed => string.Equals(feed.Instrument, instrument, StringComparison.Ordinal))
        ?? throw Refuse.Graph(Plan.Graph.Name, $"does not read {instrument}; it reads {string.Join(", ", Feeds.Select(feed => feed.Instrument))}");

    /// <summary>The value of a target or an output at the last computed bar; NaN when missing.</summary>
    public double Value(int node) => _run.Values(node)[0];

    /// <summary>The same, of one of the plan's graphs.</summary>
    public double Value(int graph, int node) => _run.Values(graph, node)[0];

    /// <summary>Takes a bar in and computes what it completes or corrects.</summary>
    /// <param name="feed">One of <see cref="Feeds"/>.</param>
    /// <param name="time">Any time in the bar's bucket, nanoseconds UTC.</param>
    /// <param name="row">The values, in the order of the feed's columns.</param>
    public StreamOutcome Feed(StreamFeed feed, long time, ReadOnlySpan<double> row)
    {
        ArgumentNullException.ThrowIfNull(feed);
        var bucket = feed.Input.BucketOf(time);
        if (_computed != NoTime && bucket <= _computed) return Correct(feed, bucket, row);

        var before = _computed;
        // What can no longer be completed is computed first: a far jump ahead would push it out of the window.
        if (bucket > _newest) ComputeBefore(bucket - _lateness);
        if (feed.Input.Append(bucket, row) == CacheWrite.Dropped) return Drop();
        _newest = Math.Max(_newest, bucket);
        ComputeBefore(_newest - _lateness);
        ComputeComplete();
        return _computed == before ? StreamOutcome.Waiting : StreamOutcome.Computed;
    }

    /// <summary>Computes what waits for instruments that will not come any more: everything before <paramref name="time"/>.</summary>
    /// <returns>Whether anything was computed.</returns>
    public bool CloseBefore(long time)
    {
        var before = _computed;
        ComputeBefore(time);
        return _computed != before;
    }

    /// <summary>The late bars that were put aside, oldest first; they are handed over once.</summary>
    public IReadOnlyList<LateBar> TakeLateBars()
    {
        LateBar[] taken = [.. _late];
        _late.Clear();
        return taken;
    }

    /// <summary>Keeps what the run remembers after its last computed bar.</summary>
    public RunSnapshot TakeSnapshot(TimeProvider time) => RunSnapshot.Take(Plan, _run, _computed == NoTime ? 0 : _computed, time);

    /// <summary>Goes on from a snapshot. Bars up to its watermark count as seen; corrections cannot reach behind it.</summary>
    /// <exception cref="RefusalException">It does not fit; see <see cref="RunSnapshot.Hydrate"/>.</exception>
    public void Hydrate(RunSnapshot snapshot, RuntimeCompat compat)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        snapshot.Hydrate(Plan, _run, compat);
        foreach (var feed in Feeds) feed.Input.Clear();
        _late.Clear();
        _rewind.Begin(snapshot.Meta.Watermark, _run.State);
        _computed = _newest = snapshot.Meta.Watermark;
    }

    /// <inheritdoc/>
    public void Dispose() => _cache.Dispose();

    private StreamOutcome Correct(StreamFeed feed, long bucket, ReadOnlySpan<double> row)
    {
        // The last bar, said again, is a correction and not a late bar.
        if (bucket < _computed && _onLate != OnLate.Recompute) return TurnAway(feed, bucket, row);
        if (!_rewind.TryFind(bucket, _newest, out var checkpoint) || feed.Input.Append(bucket, row) == CacheWrite.Dropped) return Drop();
        _run.Restore(checkpoint.State);
        var last = _computed;
        _computed = checkpoint.After;
        while (_rows.Next(_computed) is { } next && next <= last) Compute(next, isCorrection: true);
        return StreamOutcome.Corrected;
    }

    private void ComputeBefore(long time)
    {
        while (_rows.Next(_computed) is { } next && next < time) Compute(next, isCorrection: false);
    }

    private void ComputeComplete()
    {
        while (_rows.Next(_computed) is { } next && _rows.IsComplete(next)) Compute(next, isCorrection: false);
    }

    private void Compute(long time, bool isCorrection)
    {
        _rewind.Visit(_computed, time, _run.State);
        _rows.Load(_run, time);
        if (Plan.NeedsTimes) _run.Times[0] = time;
        if (!_run.Times.IsEmpty) _run.Times[0] = time;
        _run.Process(1);
        _computed = time;
        OnRow?.Invoke(new StreamRow(time, isCorrection));
    }

    private StreamOutcome Drop()
    {
        DroppedCount++;
        return StreamOutcome.Dropped;
    }

    private StreamOutcome TurnAway(StreamFeed feed, long bucket, ReadOnlySpan<double> row)
    {
        if (_onLate == OnLate.Ignore) return StreamOutcome.Ignored;
        if (_late.Count == NodeCache.MaxLateBars) _late.Dequeue();
        _late.Enqueue(new LateBar(feed.Instrument, feed.Input.IntervalSeconds, bucket, row.ToArray()));
        return StreamOutcome.PutAside;
    }
}
