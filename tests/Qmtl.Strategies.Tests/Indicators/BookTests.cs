namespace Qmtl.Strategies.Tests;

/// <summary>Indicators of the order book against their formulas.</summary>
public sealed class BookTests
{
    private static readonly ReferenceCase[] AllCases =
    [
        new("book_imbalance", "", b => [("book_imbalance", Imbalance(b, 5))], Scale: 1),
        new("book_imbalance", "levels=1", b => [("book_imbalance", Imbalance(b, 1))], Scale: 1),
        new("micro_price", "", b => [("micro_price", Micro(b))]),
        new("spread", "", b => [("spread", [.. b.Column("ask").Zip(b.Column("bid"), (ask, bid) => ask - bid)])], Scale: 1e-6),
        new("depth_slope", "", b => [("depth_slope", Slope(b, "bid", 5))], Scale: 1),
        new("depth_slope", "side=ask levels=2", b => [("depth_slope", Slope(b, "ask", 2))], Scale: 1),
    ];

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, AllCases.Length)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Compute_MadeUpBook_EqualsTheFormula(int number) => AllCases[number].Check(TestBars.Walk());

    [Fact]
    public void BookImbalance_EmptyBook_IsZeroAndOneSideIsOne()
    {
        var bars = Book(bid: [0, 3, 0, double.NaN], ask: [0, 0, 4, 1]);

        Assert.Equal([0, 1, -1, double.NaN], TestBars.Columns("book_imbalance", bars, ("levels", "1"))["book_imbalance"]);
    }

    [Fact]
    public void MicroPrice_MoreBuyers_LeansToTheAsk()
    {
        // Bid 10, ask 11: three times as much wanted as offered.
        var micro = TestBars.Columns("micro_price", Book(bid: [3, 0], ask: [1, 0]))["micro_price"];

        Assert.Equal([10.75, double.NaN], micro);
    }

    [Fact]
    public void BookIndicator_DataWithoutABook_NamesTheColumnThatIsMissing()
    {
        var refusal = Assert.Throws<Identity.RefusalException>(() => TestBars.Columns("book_imbalance", GivenBars.Closes(1, 2)));

        Assert.Contains("reads the column bid_size_1, but X has", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(51)]
    public void DepthSlope_LevelsOutsideTheirRange_IsRefused(int levels)
    {
        var refusal = Assert.Throws<Identity.RefusalException>(() => Compute.GraphOf(p => p.DepthSlope(BookSide.Ask, levels)));

        Assert.Contains($"levels must be a whole number 2..50, was {levels}", refusal.Message, StringComparison.Ordinal);
    }

    private static double[] Sides(Ohlcv b, string side, int levels, int bar) => [.. Enumerable.Range(1, levels).Select(level => b.Column($"{side}_size_{level}")[bar])];

    private static double[] Imbalance(Ohlcv b, int levels) => [.. b.Close.Select((_, i) =>
    {
        var (bids, asks) = (Sides(b, "bid", levels, i).Sum(), Sides(b, "ask", levels, i).Sum());
        return bids + asks == 0 ? 0 : (bids - asks) / (bids + asks);
    })];

    private static double[] Micro(Ohlcv b)
    {
        var (bid, ask, bidSize, askSize) = (b.Column("bid"), b.Column("ask"), b.Column("bid_size_1"), b.Column("ask_size_1"));
        return [.. bid.Select((_, i) => ((ask[i] * bidSize[i]) + (bid[i] * askSize[i])) / (bidSize[i] + askSize[i]))];
    }

    private static double[] Slope(Ohlcv b, string side, int levels) => [.. b.Close.Select((_, i) =>
    {
        var sizes = Sides(b, side, levels, i);
        var depth = sizes.Select((_, level) => sizes[..(level + 1)].Sum()).ToArray();
        var (meanLevel, meanDepth) = ((levels + 1) / 2.0, depth.Average());
        var products = depth.Select((d, level) => (level + 1 - meanLevel) * (d - meanDepth)).Sum();
        return products / Enumerable.Range(1, levels).Sum(level => (level - meanLevel) * (level - meanLevel));
    })];

    private static Data.BarSeries Book(double[] bid, double[] ask)
    {
        var prices = bid.Select(_ => 10.0).ToArray();
        return new Data.BarSeries("X", [.. Enumerable.Range(0, bid.Length).Select(i => i * 60_000_000_000L)], new Dictionary<string, double[]>(StringComparer.Ordinal)
        {
            ["open"] = prices,
            ["high"] = prices,
            ["low"] = prices,
            ["close"] = prices,
            ["volume"] = prices,
            ["bid"] = prices,
            ["ask"] = [.. prices.Select(price => price + 1)],
            ["bid_size_1"] = bid,
            ["ask_size_1"] = ask,
        });
    }
}
