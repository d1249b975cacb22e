namespace Qmtl.Strategies;

/// <summary>Who had the upper hand within the bars, and how orderly they were.</summary>
internal static class Strength
{
    public static IndicatorDefinition[] Definitions =>
    [
        new("balance_of_power", "Close less open over high less low, -1..1.", _ => bars => [("balance_of_power", bars.BalanceOfPower())]),
        new("elder_ray", "Elder's ray: high and low less the exponential average of the close.", declare =>
        {
            var period = declare.Period(13, "Bars of the average.");
            return bars =>
            {
                var lines = bars.ElderRay(period);
                return [("bull", lines.Bull), ("bear", lines.Bear)];
            };
        }),
        new("vortex", "Upward and downward reach over the true range.", declare =>
        {
            var period = declare.Period(14, "Bars that are summed.");
            return bars =>
            {
                var lines = bars.Vortex(period);
                return [("plus", lines.Plus), ("minus", lines.Minus)];
            };
        }),
        new("choppiness", "Choppiness index: 0 a straight trend, 100 back and forth.", declare =>
        {
            var period = declare.Period(14, "Bars to look at.", min: 2);
            return bars => [("choppiness", bars.Choppiness(period))];
        }),
        new("mass_index", "Dorsey's mass index: the range's average over its own average, summed.", declare =>
        {
            var average = declare.Period(9, "Bars of both averages.", "ema_period");
            var period = declare.Period(25, "Bars that are summed.");
            return bars => [("mass_index", bars.MassIndex(average, period))];
        }),
        new("demarker", "DeMarker, 0..1: rises of the high over rises of the high and falls of the low.", declare =>
        {
            var period = declare.Period(14, "Bars of the averages.");
            return bars => [("demarker", bars.DeMarker(period))];
        }),
        new("qstick", "Chande's Qstick: the average of close less open.", declare =>
        {
            var period = declare.Period(10, "Bars of the average.");
            return bars => [("qstick", bars.Qstick(period))];
        }),
    ];
}
