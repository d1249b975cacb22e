namespace Qmtl.Strategies;

/// <summary>The bars of one instrument at one interval.</summary>
public sealed partial class PriceSeries
{
    private readonly Node _stream;
    private readonly Dictionary<string, Series> _fields = new(StringComparer.Ordinal);

    internal PriceSeries(string instrument, int intervalSeconds)
        : this(Node.Stream(instrument, intervalSeconds))
    {
    }

    internal PriceSeries(Node stream)
        : this(stream, stream.Interval)
    {
    }

    private PriceSeries(Node stream, int intervalSeconds)
    {
        Instrument = stream.Instrument;
        IntervalSeconds = intervalSeconds;
        _stream = stream;
    }

    /// <summary>The instrument.</summary>
    public string Instrument { get; }

    /// <summary>Seconds between bars.</summary>
    public int IntervalSeconds { get; }

    /// <summary>The first price of a bar.</summary>
    public Series Open => Field("open");

    /// <summary>The highest price of a bar.</summary>
    public Series High => Field("high");

    /// <summary>The lowest price of a bar.</summary>
    public Series Low => Field("low");

    /// <summary>The last price of a bar.</summary>
    public Series Close => Field("close");

    /// <summary>What was traded in a bar.</summary>
    public Series Volume => Field("volume");

    /// <summary>The middle of high and low.</summary>
    public Series Hl2 => (High + Low) / 2.0;

    /// <summary>The mean of high, low and close.</summary>
    public Series Hlc3 => (High + Low + Close) / 3.0;

    /// <summary>The mean of all four prices.</summary>
    public Series Ohlc4 => (Open + High + Low + Close) / 4.0;

    /// <summary>When each bar opens: seconds since 1970-01-01 UTC.</summary>
    public Series Time => new(Node.Time(_stream, IntervalSeconds));

    internal Node Stream => _stream;

    /// <summary>These bars gathered into longer ones: open first, high highest, low lowest, close last, volume summed.</summary>
    /// <remarks>What is computed from them steps with them; see <see cref="Series.Resample"/> and <see cref="Series.AsOf(Series)"/>.</remarks>
    /// <param name="interval">A multiple of this interval, such as "1h".</param>
    /// <exception cref="Identity.RefusalException">The interval is shorter, or no multiple.</exception>
    public PriceSeries Resample(string interval) => Every(Interval.Parse(interval));

    /// <summary>A column of the data by its name, such as an extra column of a file. Of gathered bars it is the last value.</summary>
    public Series Field(string name)
    {
        if (_fields.TryGetValue(name, out var known)) return known;
        var field = Node.Field(_stream, name);
        var series = new Series(IntervalSeconds == _stream.Interval ? field : Node.Resample(field, IntervalSeconds, GatheredAs(name)));
        _fields.Add(name, series);
        return series;
    }

    internal PriceSeries Every(int seconds) => seconds >= IntervalSeconds && seconds % IntervalSeconds == 0
        ? new PriceSeries(_stream, seconds)
        : throw Refuse.Graph(
            $"{Instrument}@{Interval.Format(seconds)}",
            $"cannot be had from bars every {Interval.Format(IntervalSeconds)}; ask for a multiple of {Interval.Format(IntervalSeconds)}, or run on finer data");

    private static Aggregate GatheredAs(string column) => column switch
    {
        "open" => Aggregate.First,
        "high" => Aggregate.Max,
        "low" => Aggregate.Min,
        "volume" => Aggregate.Sum,
        _ => Aggregate.Last,
    };

    /// <summary>A price by the name users give it: open, high, low, close, volume, hl2, hlc3, ohlc4, or a column of the data.</summary>
    public Series ByName(string name) => name switch
    {
        "hl2" => Hl2,
        "hlc3" => Hlc3,
        "ohlc4" => Ohlc4,
        _ => Field(name),
    };
}
