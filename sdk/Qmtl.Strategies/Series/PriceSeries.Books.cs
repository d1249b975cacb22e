namespace Qmtl.Strategies;

/// <summary>A side of an order book.</summary>
public enum BookSide
{
    /// <summary>Those who buy.</summary>
    Bid,

    /// <summary>Those who sell.</summary>
    Ask,
}

/// <content>The order book, from columns <c>bid</c>, <c>ask</c>, <c>bid_size_1</c> ... <c>bid_size_L</c>, <c>ask_size_1</c> ... <c>ask_size_L</c>, level 1 the best.</content>
/// <remarks>A level that a book does not have must be 0 in the data; a missing one makes what is computed from it missing.</remarks>
public sealed partial class PriceSeries
{
    /// <summary>The most levels a book may have.</summary>
    public const int MaxBookLevels = 50;

    /// <summary>The best price to sell at.</summary>
    public Series Bid => Field("bid");

    /// <summary>The best price to buy at.</summary>
    public Series Ask => Field("ask");

    /// <summary>What stands at a level of one side of the book; 1 is the best.</summary>
    /// <param name="side">The side.</param>
    /// <param name="level">The level, 1..50.</param>
    public Series BookSize(BookSide side, int level = 1)
    {
        Argument.Whole("book_size", this, level, 1, MaxBookLevels, "level");
        return Field(FormattableString.Invariant($"{(side == BookSide.Bid ? "bid" : "ask")}_size_{level}"));
    }

    /// <summary>What stands at the best <paramref name="levels"/> levels of one side together.</summary>
    /// <param name="side">The side.</param>
    /// <param name="levels">How many levels, 1..50.</param>
    public Series BookDepth(BookSide side, int levels)
    {
        Argument.Whole("book_depth", this, levels, 1, MaxBookLevels, "levels");
        var depth = BookSize(side);
        for (var level = 2; level <= levels; level++) depth += BookSize(side, level);
        return depth;
    }

    /// <summary>(bids - asks) / (bids + asks) over the best levels: 1 all buyers, -1 all sellers, 0 balanced or empty.</summary>
    /// <param name="levels">How many levels, 1..50.</param>
    public Series BookImbalance(int levels = 5)
    {
        Argument.Whole("book_imbalance", this, levels, 1, MaxBookLevels, "levels");
        return new Series(Node.Of(new BinaryKernel<Imbalance>(), BookDepth(BookSide.Bid, levels).Node, BookDepth(BookSide.Ask, levels).Node));
    }

    /// <summary>The price between bid and ask that leans towards the side with less: (ask x bid size + bid x ask size) / (bid size + ask size).</summary>
    /// <remarks>The size-weighted mid of level 1. Missing when both sizes are 0.</remarks>
    public Series MicroPrice()
    {
        var (bidSize, askSize) = (BookSize(BookSide.Bid), BookSize(BookSide.Ask));
        return ((Ask * bidSize) + (Bid * askSize)) / (bidSize + askSize);
    }

    /// <summary>The middle of bid and ask.</summary>
    public Series MidPrice() => (Bid + Ask) / 2.0;

    /// <summary>Ask less bid, in units of price; negative in a crossed book.</summary>
    public Series Spread() => Ask - Bid;

    /// <summary>How fast depth grows from level to level: the least-squares slope of cumulative size over the levels 1..L.</summary>
    /// <param name="side">The side.</param>
    /// <param name="levels">L, 2..50.</param>
    public Series DepthSlope(BookSide side, int levels = 5)
    {
        Argument.Whole("depth_slope", this, levels, 2, MaxBookLevels, "levels");
        return new Series(Node.Of(new DepthSlopeKernel(levels), [.. Enumerable.Range(1, levels).Select(level => BookSize(side, level).Node)]));
    }
}
