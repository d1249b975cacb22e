namespace Qmtl.Strategies;

/// <summary>Moving averages.</summary>
internal static class Averages
{
    public static IndicatorDefinition[] Definitions =>
    [
        new("sma", "Simple moving average: the mean of the last n prices.", declare =>
        {
            var period = declare.Period(20, "Bars of the average.");
            var price = declare.Price();
            return bars => [("sma", price.Of(bars).Sma(period))];
        }),
    ];
}
