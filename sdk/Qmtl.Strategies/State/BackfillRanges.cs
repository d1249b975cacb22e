namespace Qmtl.Strategies;

/// <summary>Which stretches of time were backfilled: ascending, merged where one follows the other without a missing bucket.</summary>
public sealed class BackfillRanges
{
    private readonly long _interval;
    private readonly List<(long Start, long End)> _ranges = [];

    internal BackfillRanges(long interval) => _interval = interval;

    /// <summary>First and last bucket of each range, nanoseconds UTC, both included.</summary>
    public IReadOnlyList<(long Start, long End)> All => _ranges;

    /// <summary>Adds a range and merges it with those that it touches: a range that begins at most one interval behind another's end goes on from it.</summary>
    internal void Add(long start, long end)
    {
        var at = _ranges.FindIndex(range => range.End + _interval >= start);
        if (at < 0)
        {
            _ranges.Add((start, end));
            return;
        }

        var behind = at;
        while (behind < _ranges.Count && _ranges[behind].Start <= end + _interval)
        {
            start = Math.Min(start, _ranges[behind].Start);
            end = Math.Max(end, _ranges[behind].End);
            behind++;
        }

        _ranges.RemoveRange(at, behind - at);
        _ranges.Insert(at, (start, end));
    }

    /// <summary>Forgets what ended before <paramref name="oldest"/>: coverage is kept for the window only, as the bars are.</summary>
    internal void Forget(long oldest) => _ranges.RemoveAll(range => range.End < oldest);

    internal void Clear() => _ranges.Clear();
}
