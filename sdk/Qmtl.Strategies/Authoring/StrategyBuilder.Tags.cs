namespace Qmtl.Strategies;

public sealed partial class StrategyBuilder
{
    /// <summary>The instruments of this run that have one of <paramref name="tags"/>, or all of them.</summary>
    /// <remarks>Tags compare exactly. An instrument without given tags has those of its name: BTC-PERP has btc-perp, btc and perp.</remarks>
    /// <param name="tags">The tags, in any order.</param>
    /// <param name="match">Whether one of them is enough.</param>
    /// <param name="interval">The run's own by default, or longer bars gathered from them, such as "1h".</param>
    /// <exception cref="Identity.RefusalException">A tag is malformed, or no instrument matches; the message lists the known tags.</exception>
    public TagGroup TagQuery(IReadOnlyList<string> tags, TagMatch match = TagMatch.Any, string? interval = null)
    {
        var wanted = InstrumentTags.Checked(tags);
        string[] found = [.. Instruments.Where(instrument => Matches(_universe.TagsOf(instrument), wanted, match))];
        if (found.Length == 0) throw NoMatch(wanted, match);
        PriceSeries[] prices = [.. found.Select(instrument => new PriceSeries(Node.Tagged(instrument, wanted, match, IntervalSeconds, found.Length)))];
        return new TagGroup(wanted, match, interval is null ? prices : [.. prices.Select(price => price.Resample(interval))]);
    }

    private static bool Matches(IReadOnlyList<string> tags, IReadOnlyList<string> wanted, TagMatch match) => match == TagMatch.All
        ? wanted.All(tag => tags.Contains(tag, StringComparer.Ordinal))
        : wanted.Any(tag => tags.Contains(tag, StringComparer.Ordinal));

    private Identity.RefusalException NoMatch(IReadOnlyList<string> wanted, TagMatch match)
    {
        string[] known = [.. Instruments.SelectMany(_universe.TagsOf).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var near = wanted.Select(tag => known.Contains(tag, StringComparer.Ordinal) ? null : Nearest.To(tag, known)).FirstOrDefault(tag => tag is not null);
        return Refuse.Graph(
            $"tags({string.Join(", ", wanted)})",
            $"matches none of {string.Join(", ", Instruments)} ({(match == TagMatch.All ? "all" : "any")} of the tags); known tags are {string.Join(", ", known)}{(near is null ? "" : $"; did you mean {near}?")}");
    }
}
