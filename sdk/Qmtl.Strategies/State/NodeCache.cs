using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>The bars that one node needs of its inputs: for each upstream and interval a window of the newest bars, kept in order.</summary>
/// <remarks>
/// A bar that repeats a bucket replaces the earlier one, a late bar within the window is inserted where it belongs, and one older than the
/// window is dropped and counted. Memory is that of the windows, whatever the length of the history. Not thread-safe.
/// </remarks>
public sealed class NodeCache : IDisposable
{
    /// <summary>Most late bars that are kept aside; beyond it the oldest are dropped.</summary>
    public const int MaxLateBars = 1024;

    private readonly NodeCacheOptions _options;
    private readonly long _lateness;
    // Replaced, never changed: a metrics listener reads it from a thread of its own.
    private CacheInput[] _inputs = [];
    private readonly Queue<LateBar> _late = [];
    private readonly IDisposable? _registration;
    private readonly long _created;
    private string? _computeKey;
    private bool _wasReady;

    /// <summary>An empty cache.</summary>
    /// <exception cref="RefusalException">The period or the allowed lateness is out of range.</exception>
    public NodeCache(NodeCacheOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Period is < 1 or > Kernel.MaxPeriod) throw Refuse.Graph(options.NodeId, $"keeps a period of {options.Period} bars; it must be 1 to {Kernel.MaxPeriod}");
        if (options.AllowedLateness < TimeSpan.Zero) throw Refuse.Graph(options.NodeId, $"allows a lateness of {options.AllowedLateness}; it must not be negative");
        _options = options;
        _lateness = options.AllowedLateness.Ticks * TimeSpan.NanosecondsPerTick;
        _registration = options.Metrics?.Register(this);
        _created = options.Metrics?.Now() ?? 0;
    }

    /// <summary>The node whose inputs these are.</summary>
    public string NodeId => _options.NodeId;

    /// <summary>The inputs, in the order they were added.</summary>
    public IReadOnlyList<CacheInput> Inputs => _inputs;

    /// <summary>Whether there are inputs and all their windows are full.</summary>
    public bool IsReady
    {
        get
        {
            foreach (var input in _inputs)
            {
                if (!input.IsFull) return false;
            }

            return _inputs.Length > 0;
        }
    }

    /// <summary>Bytes held, whatever the length of the history.</summary>
    public long ResidentBytes
    {
        get
        {
            var sum = 0L;
            foreach (var input in _inputs) sum += input.ResidentBytes;
            return sum;
        }
    }

    /// <summary>The newest bucket of the slowest input less the allowed lateness, nanoseconds UTC. Null while an input has no bar.</summary>
    public long? Watermark
    {
        get
        {
            long? slowest = null;
            foreach (var input in _inputs)
            {
                if (input.LastTime is not { } last) return null;
                if (slowest is null || last < slowest) slowest = last;
            }

            return slowest - _lateness;
        }
    }

    /// <summary>Late bars that were dropped from the side because nobody took them.</summary>
    public long LateBarsLost { get; private set; }

    /// <summary>The windows, to read from.</summary>
    public CacheView View => new(this);

    /// <summary>An input by upstream and interval in seconds.</summary>
    /// <exception cref="RefusalException">There is no such input.</exception>
    public CacheInput this[string upstreamId, int intervalSeconds] => Find(upstreamId, intervalSeconds)
        ?? throw Refuse.Graph(NodeId, $"has no input {upstreamId} at {Interval.Format(intervalSeconds)}; it has {string.Join(", ", _inputs.Select(input => $"{input.UpstreamId}@{Interval.Format(input.IntervalSeconds)}"))}");

    /// <summary>Adds an input.</summary>
    /// <param name="upstreamId">The node that delivers it.</param>
    /// <param name="intervalSeconds">Seconds between its bars, 1 to 86,400.</param>
    /// <param name="columns">Names of its columns; at least one.</param>
    /// <exception cref="RefusalException">It is there already, or an argument is out of range.</exception>
    public CacheInput Add(string upstreamId, int intervalSeconds, params IReadOnlyList<string> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (intervalSeconds is < 1 or > Interval.MaxSeconds) throw Refuse.Graph(NodeId, $"has an input at {intervalSeconds} s; an interval is 1 to {Interval.MaxSeconds} s");
        if (columns.Count == 0) throw Refuse.Graph(NodeId, $"has the input {upstreamId} without columns; name at least one");
        if (Find(upstreamId, intervalSeconds) is not null) throw Refuse.Graph(NodeId, $"has the input {upstreamId} at {Interval.Format(intervalSeconds)} already");
        var input = new CacheInput(upstreamId, intervalSeconds, _options.Period, columns);
        _inputs = [.. _inputs, input];
        return input;
    }

    /// <summary>Removes an input and its bars.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Drop(string upstreamId, int intervalSeconds)
    {
        if (Find(upstreamId, intervalSeconds) is not { } found) return false;
        _inputs = [.. _inputs.Where(input => input != found)];
        return true;
    }

    /// <summary>Takes a bar in and says whether to compute.</summary>
    /// <param name="input">An input of this cache.</param>
    /// <param name="time">Any time in the bar's bucket, nanoseconds UTC.</param>
    /// <param name="row">One value a column.</param>
    /// <param name="onMissing">What to do when the bar before it did not come.</param>
    /// <exception cref="RefusalException">The bar before it did not come and <paramref name="onMissing"/> is <see cref="OnMissing.Fail"/>; the bar is kept.</exception>
    public FeedOutcome Feed(CacheInput input, long time, ReadOnlySpan<double> row, OnMissing onMissing = OnMissing.Skip)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (_options.OnLate != OnLate.Recompute && input.BucketOf(time) < Watermark) return TurnAway(input, time, row);
        var write = input.Append(time, row);
        if (write == CacheWrite.Dropped) return FeedOutcome.Dropped;
        if (write == CacheWrite.Appended && input.IsMissing)
        {
            return onMissing == OnMissing.Skip
                ? FeedOutcome.MissingBar
                : throw new RefusalException(ReasonCodes.DataInvalid, $"{NodeId}: {input.UpstreamId} at {Interval.Format(input.IntervalSeconds)} skipped at least one bar before {input.LastTime}. Backfill the gap, or let missing bars be skipped.");
        }

        if (!IsReady) return FeedOutcome.WarmingUp;
        NoteReady();
        return write == CacheWrite.Appended ? FeedOutcome.Ready : FeedOutcome.Corrected;
    }

    /// <summary>Merges history into an input. Where it has a bar already, that one stays: what came live is newer than any history.</summary>
    /// <param name="input">An input of this cache.</param>
    /// <param name="times">Times of the bars, in any order; of two in one bucket the later in the list counts.</param>
    /// <param name="values">Row by row, as many values a bar as the input has columns.</param>
    /// <returns>How many bars of the window came from it.</returns>
    public static int Backfill(CacheInput input, ReadOnlySpan<long> times, ReadOnlySpan<double> values) => new CacheBackfill(input).Merge(times, values);

    /// <summary>Says in which context results are computed from now on. A switch to another one clears all bars: they are never shared.</summary>
    /// <returns>Whether bars of another context had to be cleared; that is counted (<c>cross_context_cache_hit_total</c>).</returns>
    public bool Activate(ComputeContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var key = context.ComputeKeyOf(NodeId);
        if (string.Equals(key, _computeKey, StringComparison.Ordinal)) return false;
        // Bars that came before the first context belong to none; they are not another's.
        var held = Array.Exists(_inputs, input => input.Count > 0);
        var crossed = _computeKey is not null && held;
        _computeKey = key;
        if (crossed) _options.Metrics?.CountCrossContext(NodeId, context);
        if (held)
        {
            foreach (var input in _inputs) input.Clear();
            _late.Clear();
            _wasReady = false;
        }

        return crossed;
    }

    /// <summary>The late bars that were put aside, oldest first; they are handed over once.</summary>
    public IReadOnlyList<LateBar> TakeLateBars()
    {
        LateBar[] taken = [.. _late];
        _late.Clear();
        return taken;
    }

    /// <summary><c>sha256:</c> and the hash of what the windows hold, by which equal inputs are recognised. See <see cref="InputWindowHash"/>.</summary>
    public string ComputeInputWindowHash() => InputWindowHash.Of(_inputs);

    /// <summary>Stops reporting this cache.</summary>
    public void Dispose() => _registration?.Dispose();

    internal void CountRead(CacheInput input) => _options.Metrics?.CountRead(input);

    private CacheInput? Find(string upstreamId, int intervalSeconds)
    {
        foreach (var input in _inputs)
        {
            if (input.IntervalSeconds == intervalSeconds && string.Equals(input.UpstreamId, upstreamId, StringComparison.Ordinal)) return input;
        }

        return null;
    }

    private FeedOutcome TurnAway(CacheInput input, long time, ReadOnlySpan<double> row)
    {
        if (_options.OnLate == OnLate.Ignore) return FeedOutcome.Ignored;
        if (_late.Count == MaxLateBars)
        {
            _late.Dequeue();
            LateBarsLost++;
        }

        _late.Enqueue(new LateBar(input.UpstreamId, input.IntervalSeconds, input.BucketOf(time), row.ToArray()));
        return FeedOutcome.PutAside;
    }

    private void NoteReady()
    {
        if (_wasReady) return;
        _wasReady = true;
        _options.Metrics?.CountWarm(NodeId, _created);
    }
}
