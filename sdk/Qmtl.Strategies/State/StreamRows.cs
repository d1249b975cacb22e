namespace Qmtl.Strategies;

/// <summary>The bars of several instruments as rows on a common time axis.</summary>
internal sealed class StreamRows(IReadOnlyList<StreamFeed> feeds)
{
    private readonly StreamFeed[] _feeds = [.. feeds];

    /// <summary>The first time behind <paramref name="time"/> at which any instrument has a bar; null when there is none.</summary>
    public long? Next(long time)
    {
        long? next = null;
        foreach (var feed in _feeds)
        {
            var times = feed.Input.Window.Times;
            var at = FirstBehind(times, time);
            if (at < times.Length && (next is null || times[at] < next)) next = times[at];
        }

        return next;
    }

    /// <summary>Whether every instrument has a bar at <paramref name="time"/>.</summary>
    public bool IsComplete(long time)
    {
        foreach (var feed in _feeds)
        {
            if (Find(feed.Input.Window.Times, time) < 0) return false;
        }

        return true;
    }

    /// <summary>Writes the row into the run's sources; an instrument without a bar is missing.</summary>
    public void Load(PlanRun run, long time)
    {
        foreach (var feed in _feeds)
        {
            var window = feed.Input.Window;
            var at = Find(window.Times, time);
            for (var column = 0; column < feed.Sources.Length; column++) run.Source(feed.Sources[column])[0] = at < 0 ? double.NaN : window[column][at];
        }
    }

    private static int Find(ReadOnlySpan<long> times, long time)
    {
        var at = FirstBehind(times, time) - 1;
        return at >= 0 && times[at] == time ? at : -1;
    }

    // What is looked for stands at the end nearly always.
    private static int FirstBehind(ReadOnlySpan<long> times, long time)
    {
        if (times.IsEmpty || times[^1] <= time) return times.Length;
        if (times.Length == 1 || times[^2] <= time) return times.Length - 1;
        var found = times.BinarySearch(time);
        return found < 0 ? ~found : found + 1;
    }
}
