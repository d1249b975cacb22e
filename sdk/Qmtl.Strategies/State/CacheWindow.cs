namespace Qmtl.Strategies;

/// <summary>Bars of a <see cref="CacheInput"/>, oldest first, without copying. Valid until the next write to the cache.</summary>
public readonly ref struct CacheWindow
{
    private readonly CacheInput _input;
    private readonly int _start;
    private readonly int _end;

    internal CacheWindow(CacheInput input, int start, int end)
    {
        _input = input;
        _start = start;
        _end = end;
    }

    /// <summary>Bars in it.</summary>
    public int Count => _end - _start;

    /// <summary>The buckets, nanoseconds UTC, ascending.</summary>
    public ReadOnlySpan<long> Times => _input.Times(_start, _end);

    /// <summary>The values of a column, as many as <see cref="Times"/>; NaN is missing.</summary>
    public ReadOnlySpan<double> this[int column] => _input.Values(column, _start, _end);

    /// <summary>The values of a column by name.</summary>
    /// <exception cref="Identity.RefusalException">There is no such column; the message lists those that exist.</exception>
    public ReadOnlySpan<double> this[string column]
    {
        get
        {
            for (var i = 0; i < _input.Columns.Count; i++)
            {
                if (string.Equals(_input.Columns[i], column, StringComparison.Ordinal)) return this[i];
            }

            throw Refuse.Graph(_input.UpstreamId, $"has no column {column}; it has {string.Join(", ", _input.Columns)}");
        }
    }

    /// <summary>The newest value of a column; missing (NaN) in an empty window.</summary>
    public double Latest(int column = 0) => Count == 0 ? double.NaN : this[column][^1];
}

/// <summary>What a node may read: the windows of its inputs. Valid until the next write to the cache.</summary>
/// <remarks>Reads are counted (<c>cache_read_total</c>) where the cache keeps metrics.</remarks>
public readonly ref struct CacheView
{
    private readonly NodeCache _cache;

    internal CacheView(NodeCache cache) => _cache = cache;

    /// <summary>The window of an upstream at an interval in seconds, oldest bar first.</summary>
    /// <exception cref="Identity.RefusalException">The node has no such input.</exception>
    public CacheWindow this[string upstreamId, int intervalSeconds] => Read(_cache[upstreamId, intervalSeconds]).Window;

    /// <summary>The window of an input, oldest bar first.</summary>
    public CacheWindow this[CacheInput input] => Read(input).Window;

    /// <summary>The newest <paramref name="count"/> bars of an input.</summary>
    public CacheWindow Newest(CacheInput input, int count) => Read(input).Newest(count);

    private CacheInput Read(CacheInput input)
    {
        _cache.CountRead(input);
        return input;
    }
}
