using Qmtl.Core;
using Qmtl.Runtime;

namespace Qmtl.Client.Tests;

public sealed class TradedMarketTests
{
    [Theory]
    [InlineData("", "long")]
    [InlineData("0+5 0-5", "long")]
    [InlineData("0-5 0+5", "short")]
    [InlineData("0+5 0-8 0+3", "both")]
    [InlineData("0+5 1-5", "both")]
    [InlineData("0+5 1+5 0-5 1-5", "long")]
    public void SideOf_Fills_IsWherePositionsStood(string fills, string side)
    {
        var records = fills.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((text, bar) => new FillRecord(
            bar, new Fill(text[0] - '0', text[1] == '+' ? Side.Buy : Side.Sell, new Quantity(text[2] - '0'), default, default, default, bar)));

        Assert.Equal(side, TradedMarket.SideOf(records));
    }
}
