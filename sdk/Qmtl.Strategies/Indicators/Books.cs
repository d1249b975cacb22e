namespace Qmtl.Strategies;

/// <summary>Indicators of the order book, for data with columns bid, ask, bid_size_1 ..., ask_size_1 ...</summary>
internal static class Books
{
    public static IndicatorDefinition[] Definitions =>
    [
        new("book_imbalance", "(bids - asks) / (bids + asks) over the best levels of the book; 0 where it is empty.", declare =>
        {
            var levels = Levels(declare, 1);
            return bars => [("book_imbalance", bars.BookImbalance(levels))];
        }),
        new("micro_price", "The price between bid and ask weighted by the sizes of the other side.", _ => bars => [("micro_price", bars.MicroPrice())]),
        new("spread", "Ask less bid.", _ => bars => [("spread", bars.Spread())]),
        new("depth_slope", "Least-squares slope of cumulative size over the levels of one side of the book.", declare =>
        {
            var side = declare.Choice("side", BookSide.Bid, "The side of the book.");
            var levels = Levels(declare, 2);
            return bars => [("depth_slope", bars.DepthSlope(side, levels))];
        }),
    ];

    private static Param<int> Levels(IndicatorParameters declare, int min) =>
        declare.Whole("levels", 5, min..PriceSeries.MaxBookLevels, "How many levels, the best first.");
}
