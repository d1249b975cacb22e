using Qmtl.Strategies;

namespace Qmtl.Data;

/// <summary>The bars of a run: one or more instruments on a common time axis.</summary>
/// <remarks>
/// Instruments that trade at different times are aligned on the union of their times; where one has no bar, its values are missing (NaN).
/// </remarks>
public sealed class MarketData
{
    private readonly long[] _times;

    private MarketData(IReadOnlyList<BarSeries> series, long[] times, IReadOnlyList<IColumnSource> aligned)
    {
        Series = series;
        _times = times;
        Aligned = aligned;
        IntervalSeconds = series[0].IntervalSeconds;
        Instruments = [.. series.Select(s => s.Instrument)];
    }

    /// <summary>The series as they were given.</summary>
    public IReadOnlyList<BarSeries> Series { get; }

    /// <summary>The instruments, in the order given.</summary>
    public IReadOnlyList<string> Instruments { get; }

    /// <summary>Seconds between bars.</summary>
    public int IntervalSeconds { get; }

    /// <summary>How many times there are.</summary>
    public int Count => _times.Length;

    /// <summary>The common times, nanoseconds UTC.</summary>
    public ReadOnlySpan<long> Times => _times;

    /// <summary>The same times, for those who keep them.</summary>
    public ReadOnlyMemory<long> TimeAxis => _times;

    /// <summary>The series on the common times, in the order of <see cref="Instruments"/>.</summary>
    public IReadOnlyList<IColumnSource> Aligned { get; }

    /// <summary>What a strategy is told about this data.</summary>
    public Universe Universe => new(Instruments, IntervalSeconds) { Tags = Tags };

    /// <summary>Tags of instruments by which strategies find them; an instrument without an entry has those of its name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Tags { get; private init; } = InstrumentTags.None;

    /// <summary>The same data with tags for some of its instruments.</summary>
    /// <exception cref="Identity.RefusalException">An instrument is not in the data, or a tag is malformed.</exception>
    public MarketData WithTags(IReadOnlyDictionary<string, IReadOnlyList<string>> tags)
    {
        var stranger = tags.Keys.FirstOrDefault(instrument => !Instruments.Contains(instrument, StringComparer.Ordinal));
        if (stranger is not null) throw DataRefusal.UnknownInstrument(stranger, Instruments);
        return new MarketData(Series, _times, Aligned) { Tags = tags.ToDictionary(entry => entry.Key, entry => InstrumentTags.Checked(entry.Value), StringComparer.Ordinal) };
    }

    /// <summary>Puts series on a common time axis.</summary>
    /// <exception cref="Identity.RefusalException">There is none, an instrument occurs twice, or the intervals differ.</exception>
    public static MarketData Of(params IReadOnlyList<BarSeries> series)
    {
        if (series.Count == 0 || series.All(s => s.Count == 0)) throw DataRefusal.NoBars("The data");
        var twice = series.GroupBy(s => s.Instrument, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null) throw DataRefusal.DuplicateInstrument(twice.Key);
        var other = series.FirstOrDefault(s => s.IntervalSeconds != series[0].IntervalSeconds);
        if (other is not null) throw DataRefusal.MixedIntervals(series[0], other);

        if (series.Skip(1).All(s => s.Times.SequenceEqual(series[0].Times))) return new MarketData(series, series[0].Times.ToArray(), [.. series]);
        var times = new SortedSet<long>(series.SelectMany(s => s.Times.ToArray())).ToArray();
        return new MarketData(series, times, [.. series.Select(s => new AlignedSeries(s, times))]);
    }

    /// <summary>A series on the times of another axis, missing where it has no bar.</summary>
    private sealed class AlignedSeries : IColumnSource
    {
        private readonly Dictionary<string, double[]> _columns;
        private readonly long[] _times;

        public AlignedSeries(BarSeries series, long[] times)
        {
            _times = times;
            Instrument = series.Instrument;
            Count = times.Length;
            var rows = Array.ConvertAll(series.Times.ToArray(), time => Array.BinarySearch(times, time));
            _columns = series.ColumnNames.ToDictionary(name => name, name => Spread(series.FindColumn(name)!.Value.Span, rows, times.Length), StringComparer.Ordinal);
        }

        public string Instrument { get; }

        public int Count { get; }

        public ReadOnlySpan<long> Times => _times;

        public IReadOnlyCollection<string> ColumnNames => _columns.Keys;

        public ReadOnlyMemory<double>? FindColumn(string name) => _columns.TryGetValue(name, out var column) ? (ReadOnlyMemory<double>?)column : null;

        private static double[] Spread(ReadOnlySpan<double> values, int[] rows, int length)
        {
            var spread = new double[length];
            Array.Fill(spread, double.NaN);
            for (var i = 0; i < rows.Length; i++) spread[rows[i]] = values[i];
            return spread;
        }
    }
}
