namespace Qmtl.Strategies;

/// <summary>What a run offers a strategy: which instruments, at which interval.</summary>
/// <param name="Instruments">The instruments in the order the user named them.</param>
/// <param name="IntervalSeconds">Seconds between bars.</param>
public sealed record Universe(IReadOnlyList<string> Instruments, int IntervalSeconds)
{
    /// <summary>Bars in a year of this data, for annualised figures; by default those of a market that never closes.</summary>
    public double BarsPerYear { get; init; } = 365.0 * 86_400 / IntervalSeconds;

    /// <summary>Tags of instruments, where they are given; an instrument without an entry has those of <see cref="InstrumentTags.FromName"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Tags { get; init; } = InstrumentTags.None;

    /// <summary>The tags of an instrument.</summary>
    public IReadOnlyList<string> TagsOf(string instrument) => Tags.TryGetValue(instrument, out var tags) ? tags : InstrumentTags.FromName(instrument);
}
