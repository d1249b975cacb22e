using System.Runtime.CompilerServices;

namespace Qmtl.Strategies;

/// <summary>What became of a bar that was given to a <see cref="CacheInput"/>.</summary>
public enum CacheWrite
{
    /// <summary>It is the newest bar.</summary>
    Appended,

    /// <summary>It took the place of a bar of the same bucket.</summary>
    Replaced,

    /// <summary>It came late and stands where it belongs.</summary>
    Inserted,

    /// <summary>It is older than the window; nothing was changed and it was counted.</summary>
    Dropped,
}

/// <summary>The window of one upstream at one interval: the newest <see cref="Period"/> buckets of time, in order, column by column.</summary>
/// <remarks>
/// A bar belongs to the bucket <c>time − time mod interval</c>. The window ends at the newest bucket and reaches back period × interval;
/// what is older is evicted when the newest bucket moves, so memory depends on the window only. Buckets without a bar are not stored: a
/// window with a gap holds fewer bars than <see cref="Period"/> and is not full.
/// <para>
/// Bars stand in arrays of twice the period and move to the front when the end is reached, once every period bars. That makes every
/// window one contiguous span without copying, for two writes a value.
/// </para>
/// </remarks>
public sealed class CacheInput
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly long[] _times;
    private readonly double[] _values;
    private readonly long _interval;
    private readonly long _span;
    private readonly int _columns;
    private int _start;
    private int _end;
    private long _next;

    internal CacheInput(string upstreamId, int intervalSeconds, int period, IReadOnlyList<string> columns)
    {
        UpstreamId = upstreamId;
        IntervalSeconds = intervalSeconds;
        Period = period;
        Columns = [.. columns];
        _columns = Columns.Count;
        _interval = intervalSeconds * NanosecondsPerSecond;
        _span = period * _interval;
        _times = new long[2 * period];
        _values = new double[2 * period * _columns];
        Ranges = new BackfillRanges(_interval);
    }

    /// <summary>The node that delivers the bars.</summary>
    public string UpstreamId { get; }

    /// <summary>Seconds of a bucket.</summary>
    public int IntervalSeconds { get; }

    /// <summary>Buckets in the window.</summary>
    public int Period { get; }

    /// <summary>Names of the columns, in the order of a row.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>Bars in the window.</summary>
    public int Count => _end - _start;

    /// <summary>Whether every bucket of the window has its bar.</summary>
    public bool IsFull => _end - _start == Period;

    /// <summary>The newest bucket, nanoseconds UTC; null before the first bar.</summary>
    public long? LastTime => Count == 0 ? null : _next - _interval;

    /// <summary>Whether the newest bar came without the one before it. A late bar clears this; a replaced one leaves it.</summary>
    public bool IsMissing { get; private set; }

    /// <summary>Bars that were older than the window when they came.</summary>
    public long DroppedCount { get; private set; }

    /// <summary>Bars that took the place of an earlier one.</summary>
    public long ReplacedCount { get; private set; }

    /// <summary>Bars that came late, within the window.</summary>
    public long LateCount { get; internal set; }

    /// <summary>What was backfilled, as merged contiguous ranges.</summary>
    public BackfillRanges Ranges { get; }

    /// <summary>Bytes this window holds, whatever its history.</summary>
    public long ResidentBytes => ((long)_times.Length * sizeof(long)) + ((long)_values.Length * sizeof(double));

    /// <summary>The whole window, oldest bar first. Valid until the next write.</summary>
    public CacheWindow Window => new(this, _start, _end);

    /// <summary>How often it was read, and when last (UTC ticks): counted only where metrics are kept.</summary>
    internal long Reads { get; set; }

    internal long LastReadTicks { get; set; }

    internal long IntervalNanoseconds => _interval;

    internal ReadOnlySpan<long> Times(int start, int end) => _times.AsSpan(start, end - start);

    internal ReadOnlySpan<double> Values(int column, int start, int end) => _values.AsSpan((column * _times.Length) + start, end - start);

    /// <summary>The bucket that <paramref name="time"/> belongs to.</summary>
    public long BucketOf(long time)
    {
        var rest = time % _interval;
        return time - (rest < 0 ? rest + _interval : rest);
    }

    /// <summary>The newest <paramref name="count"/> bars, or all when there are fewer.</summary>
    public CacheWindow Newest(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return new CacheWindow(this, Math.Max(_start, _end - count), _end);
    }

    /// <summary>Bars <paramref name="start"/> up to but without <paramref name="end"/>; negative positions count from the newest bar (-1), null means all the way.</summary>
    public CacheWindow Slice(int? start, int? end)
    {
        var from = Position(start ?? 0);
        var to = end is { } given ? Position(given) : Count;
        return new CacheWindow(this, _start + from, _start + Math.Max(from, to));
    }

    /// <summary>Puts a bar where it belongs: at the end, over the bar of the same bucket, or between older ones.</summary>
    /// <param name="time">Any time in the bucket, nanoseconds UTC.</param>
    /// <param name="row">One value a column; what is not finite counts as missing.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public CacheWrite Append(long time, ReadOnlySpan<double> row)
    {
        // The bar that follows the last one, which is nearly every bar, needs no division and no search.
        if (_end != _start && (ulong)(time - _next) < (ulong)_interval && row.Length == _columns)
        {
            Push(_next, row);
            IsMissing = false;
            return CacheWrite.Appended;
        }

        return AppendElsewhere(time, row);
    }

    /// <summary>Forgets all bars; counters stay.</summary>
    public void Clear()
    {
        _start = _end = 0;
        _next = 0;
        IsMissing = false;
        Ranges.Clear();
    }

    internal bool Contains(long bucket) => _times.AsSpan(_start, Count).BinarySearch(bucket) >= 0;

    /// <summary>After bars were merged in bulk: missing when the newest bar stands apart from the one before it.</summary>
    internal void JudgeMissing() => IsMissing = Count > 1 && _times[_end - 1] - _times[_end - 2] != _interval;

    private CacheWrite AppendElsewhere(long time, ReadOnlySpan<double> row)
    {
        if (row.Length != _columns) throw new ArgumentException($"A row of {UpstreamId} has {_columns} values ({string.Join(", ", Columns)}), was given {row.Length}.", nameof(row));
        if (time > long.MaxValue - _span - _interval || time < long.MinValue + _span + _interval) throw new ArgumentOutOfRangeException(nameof(time), time, "The time must be nanoseconds since 1970, UTC.");
        var bucket = BucketOf(time);
        if (_end == _start || bucket >= _next)
        {
            IsMissing = _end != _start;
            Push(bucket, row);
            return CacheWrite.Appended;
        }

        var last = _next - _interval;
        if (bucket <= last - _span)
        {
            DroppedCount++;
            return CacheWrite.Dropped;
        }

        if (bucket < last)
        {
            IsMissing = false;
            LateCount++;
        }

        var found = _times.AsSpan(_start, Count).BinarySearch(bucket);
        if (found < 0) return Insert(_start + ~found, bucket, row);
        Write(_start + found, row);
        ReplacedCount++;
        return CacheWrite.Replaced;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Push(long bucket, ReadOnlySpan<double> row)
    {
        if (_end == _times.Length) Compact();
        var end = _end++;
        _times[end] = bucket;
        Write(end, row);
        _next = bucket + _interval;
        var oldest = bucket - _span;
        while (_times[_start] <= oldest) _start++;
    }

    /// <summary>Room is certain: the bucket lies in the window and has no bar, so there are fewer bars than the arrays hold twice over.</summary>
    private CacheWrite Insert(int at, long bucket, ReadOnlySpan<double> row)
    {
        if (_end == _times.Length)
        {
            at -= _start;
            Compact();
        }

        Array.Copy(_times, at, _times, at + 1, _end - at);
        for (var column = 0; column < _columns; column++)
        {
            var first = column * _times.Length;
            Array.Copy(_values, first + at, _values, first + at + 1, _end - at);
        }

        _end++;
        _times[at] = bucket;
        Write(at, row);
        return CacheWrite.Inserted;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int at, ReadOnlySpan<double> row)
    {
        var to = at;
        foreach (var value in row)
        {
            _values[to] = Missing.UnlessFinite(value);
            to += _times.Length;
        }
    }

    private void Compact()
    {
        var count = Count;
        Array.Copy(_times, _start, _times, 0, count);
        for (var column = 0; column < _columns; column++)
        {
            var first = column * _times.Length;
            Array.Copy(_values, first + _start, _values, first, count);
        }

        _start = 0;
        _end = count;
    }

    private int Position(int index) => Math.Clamp(index < 0 ? index + Count : index, 0, Count);
}
