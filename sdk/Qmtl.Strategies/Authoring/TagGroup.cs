namespace Qmtl.Strategies;

/// <summary>The instruments that a tag query found, and their bars.</summary>
/// <remarks>
/// What is computed from a group carries the identity of the query, never of its members: an instrument more or less changes what is computed, but
/// not a single node id. An expression over two members would break that, so members meet only in operators over the whole panel; for the same
/// reason a share per member is <c>1 / panel.Present()</c> rather than a number that counts them.
/// </remarks>
public sealed class TagGroup
{
    internal TagGroup(IReadOnlyList<string> tags, TagMatch match, IReadOnlyList<PriceSeries> prices)
    {
        Tags = tags;
        Match = match;
        Prices = prices;
    }

    /// <summary>The tags asked for, sorted.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>Whether one of them is enough.</summary>
    public TagMatch Match { get; }

    /// <summary>The bars of each member, in the order of the universe.</summary>
    public IReadOnlyList<PriceSeries> Prices { get; }

    /// <summary>The members.</summary>
    public IEnumerable<string> Instruments => Prices.Select(price => price.Instrument);

    /// <summary>How many members there are.</summary>
    public int Count => Prices.Count;

    /// <summary>The canonical identity of the query.</summary>
    public string NodeId => Prices[0].Stream.Id!;

    /// <summary>One series for each member: <c>group.Panel(p =&gt; p.Close)</c>.</summary>
    public Panel Panel(Func<PriceSeries, Series> select) => Strategies.Panel.Of([.. Prices.Select(price => new PanelMember(price.Instrument, price.Stream, select(price)))]);
}
