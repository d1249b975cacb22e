namespace Qmtl.Strategies;

/// <summary>What a run offers a strategy: which instruments, at which interval.</summary>
/// <param name="Instruments">The instruments in the order the user named them.</param>
/// <param name="IntervalSeconds">Seconds between bars.</param>
public sealed record Universe(IReadOnlyList<string> Instruments, int IntervalSeconds)
{
    private readonly Lazy<double> _barsPerYear = new(() => 365.0 * 86_400 / IntervalSeconds);

    /// <summary>Bars in a year of this data, for annualised figures; by default those of a market that never closes.</summary>
    public double BarsPerYear
    {
        get => _barsPerYear.Value;
        init => _barsPerYear = new Lazy<double>(value);
    }

    /// <summary>Says how to count the bars of a year. They are counted when a strategy asks, because that may take a pass over all times.</summary>
    public Func<double> CountBarsPerYear
    {
        init => _barsPerYear = new Lazy<double>(value);
    }

    /// <summary>Tags of instruments, where they are given; an instrument without an entry has those of <see cref="InstrumentTags.FromName"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Tags { get; init; } = InstrumentTags.None;

    /// <summary>The tags of an instrument.</summary>
    public IReadOnlyList<string> TagsOf(string instrument) => Tags.TryGetValue(instrument, out var tags) ? tags : InstrumentTags.FromName(instrument);
}
