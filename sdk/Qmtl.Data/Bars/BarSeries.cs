using Qmtl.Identity;
using Qmtl.Strategies;

namespace Qmtl.Data;

/// <summary>The bars of one instrument, column by column, oldest first.</summary>
/// <remarks>
/// Times are nanoseconds since 1970-01-01 UTC: the unit of the core, wide enough for any venue, and seconds divide it exactly. Prices are
/// doubles here, because signals are computed from them; the core puts them on its integer grid when money is involved.
/// </remarks>
public sealed class BarSeries : IColumnSource
{
    private static readonly string[] Required = ["open", "high", "low", "close"];
    private readonly long[] _times;
    private readonly Dictionary<string, double[]> _columns;
    private readonly Dictionary<string, string[]> _texts;

    /// <summary>Takes over the given arrays; they must not be written afterwards.</summary>
    /// <param name="instrument">The instrument.</param>
    /// <param name="times">Nanoseconds UTC, strictly increasing.</param>
    /// <param name="columns">At least open, high, low and close, each as long as <paramref name="times"/>.</param>
    /// <param name="texts">Columns that are no numbers, if any.</param>
    public BarSeries(string instrument, long[] times, IReadOnlyDictionary<string, double[]> columns, IReadOnlyDictionary<string, string[]>? texts = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(instrument);
        Instrument = instrument;
        _times = times;
        _columns = new Dictionary<string, double[]>(columns, StringComparer.Ordinal);
        _texts = texts is null ? new(StringComparer.Ordinal) : new Dictionary<string, string[]>(texts, StringComparer.Ordinal);
        var absent = Array.Find(Required, name => !_columns.ContainsKey(name));
        if (absent is not null) throw new ArgumentException($"The column {absent} is missing.", nameof(columns));
        foreach (var (name, values) in _columns)
        {
            if (values.Length != times.Length) throw new ArgumentException($"The column {name} has {values.Length} values for {times.Length} times.", nameof(columns));
        }

        for (var i = 1; i < times.Length; i++)
        {
            if (times[i] <= times[i - 1]) throw new ArgumentException($"Times must increase; number {i} does not.", nameof(times));
        }

        IntervalSeconds = BarInterval.MedianSeconds(times);
    }

    /// <inheritdoc/>
    public string Instrument { get; }

    /// <inheritdoc/>
    public int Count => _times.Length;

    /// <summary>The median distance between bars in seconds, from 1 to 86400: what the data calls one bar, whatever its gaps.</summary>
    public int IntervalSeconds { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<long> Times => _times;

    /// <summary>First prices.</summary>
    public ReadOnlySpan<double> Open => _columns["open"];

    /// <summary>Highest prices.</summary>
    public ReadOnlySpan<double> High => _columns["high"];

    /// <summary>Lowest prices.</summary>
    public ReadOnlySpan<double> Low => _columns["low"];

    /// <summary>Last prices.</summary>
    public ReadOnlySpan<double> Close => _columns["close"];

    /// <inheritdoc/>
    public IReadOnlyCollection<string> ColumnNames => _columns.Keys;

    /// <summary>Columns that are no numbers.</summary>
    public IReadOnlyDictionary<string, string[]> TextColumns => _texts;

    /// <inheritdoc/>
    public ReadOnlyMemory<double>? FindColumn(string name) => _columns.TryGetValue(name, out var column) ? (ReadOnlyMemory<double>?)column : null;

    /// <summary>The fingerprint of this data: equal rows have equal fingerprints, whatever file they came from.</summary>
    /// <param name="nodeId">The identity of the data, such as "ohlcv:binance:BTC/USDT:1m".</param>
    /// <param name="intervalSeconds">The interval it stands for.</param>
    public string Fingerprint(string nodeId, int intervalSeconds)
    {
        var seconds = Array.ConvertAll(_times, time => time / BarTime.NanosecondsPerSecond);
        var metadata = new FrameMetadata(nodeId, intervalSeconds, seconds.Length == 0 ? 0 : seconds[0], seconds.Length == 0 ? 0 : seconds[^1]);
        return DatasetFingerprint.Compute(metadata, seconds, [.. _columns.Select(column => new FrameColumn(column.Key, column.Value))]);
    }
}
