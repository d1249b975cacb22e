namespace Qmtl.Strategies;

public sealed partial class StrategyBuilder
{
    /// <summary>The instruments of this run that have one of <paramref name="tags"/>, or all of them, at the run's interval.</summary>
    /// <remarks>Tags compare exactly. An instrument without given tags has those of its name: BTC-PERP has btc-perp, btc and perp.</remarks>
    /// <exception cref="Identity.RefusalException">A tag is malformed, or no instrument matches; the message lists the known tags.</exception>
    public TagGroup TagQuery(IReadOnlyList<string> tags, TagMatch match = TagMatch.Any)
    {
        var wanted = InstrumentTags.Checked(tags);
        PriceSeries[] prices =
        [
            .. Instruments.Where(instrument => Matches(_universe.TagsOf(instrument), wanted, match))
                .Select(instrument => new PriceSeries(Node.Tagged(instrument, wanted, match, IntervalSeconds))),
        ];
        return prices.Length > 0 ? new TagGroup(wanted, match, prices) : throw NoMatch(wanted, match);
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
