using System.Globalization;

namespace Qmtl.Strategies;

/// <summary>What makes an indicator: its name, and a function that declares parameters and returns how to build the outputs from them.</summary>
/// <param name="Name">The name users type.</param>
/// <param name="Description">One sentence.</param>
/// <param name="Declare">Declares the parameters; the function it returns is called once they have their values.</param>
internal sealed record IndicatorDefinition(string Name, string Description, Func<IndicatorParameters, Func<PriceSeries, IndicatorOutput[]>> Declare);

/// <summary>One output of an indicator: the name of its column and the series.</summary>
internal readonly record struct IndicatorOutput(string Name, Series Series)
{
    public static implicit operator IndicatorOutput((string Name, Series Series) output) => new(output.Name, output.Series);
}

/// <summary>Declares the parameters of an indicator.</summary>
internal sealed class IndicatorParameters
{
    private readonly List<Param> _all = [];

    public IReadOnlyList<Param> All => _all;

    /// <summary>A whole number; both ends of the range are allowed.</summary>
    public Param<int> Whole(string name, int @default, Range range, string description) =>
        Keep(new Param<int>(name, @default, WholeRange.From(name, range), description));

    /// <summary>A window of bars, by the name "period" unless another is given.</summary>
    public Param<int> Period(int @default, string description, string name = "period", int min = 1) => Whole(name, @default, min..Kernel.MaxPeriod, description);

    /// <summary>A number; both ends are allowed.</summary>
    public Param<double> Number(string name, double @default, double min, double max, string description) =>
        Keep(new Param<double>(name, @default, new NumberRange(min, max), description));

    /// <summary>True or false.</summary>
    public Param<bool> Flag(string name, bool @default, string description) => Keep(new Param<bool>(name, @default, new FlagRange(), description));

    /// <summary>One of the names of an enumeration, in snake_case.</summary>
    public Param<T> Choice<T>(string name, T @default, string description)
        where T : struct, Enum => Keep(new Param<T>(name, @default, new ChoiceRange<T>(), description));

    /// <summary>A moment: ISO 8601, UTC where it names no offset, or seconds since 1970-01-01 UTC.</summary>
    public Param<DateTimeOffset> Time(string name, DateTimeOffset @default, string description) =>
        Keep(new Param<DateTimeOffset>(name, @default, new TimeRange(), description));

    /// <summary>Which price, or which column of the data, to use.</summary>
    public PriceParameter Price(string name = "price", string @default = "close") =>
        new(Keep(new Param<string>(name, @default, new ColumnRange(), "open, high, low, close, volume, hl2, hlc3, ohlc4 or a column of the data.")));

    private Param<T> Keep<T>(Param<T> parameter)
        where T : notnull
    {
        _all.Add(parameter);
        return parameter;
    }

    private sealed record TimeRange() : ParamRange<DateTimeOffset>("a time,", "ISO 8601 or seconds since 1970-01-01 UTC")
    {
        // What nanoseconds since 1970 in 64 bits can say.
        private const int FirstYear = 1678, LastYear = 2261;

        public override bool TryParse(string text, out DateTimeOffset value)
        {
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) && Math.Abs(seconds) < 10_000_000_000)
            {
                value = DateTimeOffset.FromUnixTimeSeconds(seconds);
                return true;
            }

            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out value);
        }

        public override bool Contains(DateTimeOffset value) => value.Year is >= FirstYear and <= LastYear;

        public override string Format(DateTimeOffset value) => value.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
    }

    private sealed record ColumnRange() : ParamRange<string>("the name of", "a price or column")
    {
        public override bool TryParse(string text, out string value)
        {
            value = text.ToLowerInvariant();
            return text.Length > 0;
        }

        public override bool Contains(string value) => value.Length > 0;

        public override string Format(string value) => value;
    }
}

/// <summary>The parameter that says which price an indicator looks at.</summary>
internal readonly record struct PriceParameter(Param<string> Parameter)
{
    /// <summary>That price of <paramref name="bars"/>.</summary>
    public Series Of(PriceSeries bars) => bars.ByName(Parameter.Value);
}
