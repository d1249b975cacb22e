namespace Qmtl.Strategies;

/// <summary>The bars of one instrument at one interval.</summary>
public sealed partial class PriceSeries
{
    private readonly Node _stream;

    internal PriceSeries(string instrument, int intervalSeconds)
        : this(Node.Stream(instrument, intervalSeconds))
    {
    }

    internal PriceSeries(Node stream)
    {
        Instrument = stream.Instrument;
        IntervalSeconds = stream.Interval;
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

    internal Node Stream => _stream;

    /// <summary>A column of the data by its name, such as an extra column of a file.</summary>
    public Series Field(string name) => new(Node.Field(_stream, name));

    /// <summary>A price by the name users give it: open, high, low, close, volume, hl2, hlc3, ohlc4, or a column of the data.</summary>
    public Series ByName(string name) => name switch
    {
        "hl2" => Hl2,
        "hlc3" => Hlc3,
        "ohlc4" => Ohlc4,
        _ => Field(name),
    };
}
