namespace Qmtl.Strategies;

/// <summary>Ranges and what is built on them.</summary>
internal static class Ranges
{
    public static IndicatorDefinition[] Definitions =>
    [
        new("true_range", "Wilder's true range: the bar's range, gap from the previous close included; high - low on the first bar.", _ => bars => [("true_range", bars.TrueRange())]),
        new("atr", "Average true range: Wilder's smoothing of the true range, seeded by the simple mean of the first n.", declare =>
        {
            var period = declare.Period(14, "Bars of the average.");
            return bars => [("atr", bars.Atr(period))];
        }),
        new("natr", "Average true range in percent of the close.", declare =>
        {
            var period = declare.Period(14, "Bars of the average.");
            return bars => [("natr", bars.Natr(period))];
        }),
        new("keltner", "Keltner's channel: an exponential average of the close and a band of average true ranges around it.", declare =>
        {
            var emaPeriod = declare.Period(20, "Bars of the middle line.", "ema_period");
            var multiplier = Multiplier(declare, 2);
            var atrPeriod = declare.Period(10, "Bars of the average true range.", "atr_period");
            return bars =>
            {
                var bands = bars.Keltner(emaPeriod, multiplier, atrPeriod);
                return [("middle", bands.Middle), ("upper", bands.Upper), ("lower", bands.Lower)];
            };
        }),
        new("supertrend", "Supertrend: a stop trailing the price by average true ranges, and 1 or -1 for the side it is on.", declare =>
        {
            var period = declare.Period(10, "Bars of the average true range.");
            var multiplier = Multiplier(declare, 3);
            return bars =>
            {
                var trend = bars.Supertrend(period, multiplier);
                return [("supertrend", trend.Line), ("direction", trend.Direction)];
            };
        }),
        new("chandelier", "Chandelier exit: stops some average true ranges from the highest high and the lowest low.", declare =>
        {
            var period = declare.Period(22, "Bars of the extreme and of the average true range.");
            var multiplier = Multiplier(declare, 3);
            return bars =>
            {
                var exit = bars.Chandelier(period, multiplier);
                return [("long", exit.Long), ("short", exit.Short)];
            };
        }),
        new("ichimoku", "Ichimoku Kinko Hyo without look-ahead: spans computed some bars ago, and the close of as many bars ago.", declare =>
        {
            var tenkan = declare.Period(9, "Bars of the conversion line.", "tenkan");
            var kijun = declare.Period(26, "Bars of the base line.", "kijun");
            var senkou = declare.Period(52, "Bars of the second leading span.", "senkou");
            var displacement = declare.Whole("displacement", 26, 0..(Kernel.MaxPeriod - 1), "Bars between a span and its computation.");
            return bars =>
            {
                var lines = bars.Ichimoku(tenkan, kijun, senkou, displacement);
                return [("tenkan", lines.Tenkan), ("kijun", lines.Kijun), ("senkou_a", lines.SenkouA), ("senkou_b", lines.SenkouB), ("chikou", lines.Chikou)];
            };
        }),
        new("acceleration_bands", "Headley's acceleration bands: averages of highs and lows pushed outwards by the relative range.", declare =>
        {
            var period = declare.Period(20, "Bars of the averages.");
            return bars =>
            {
                var bands = bars.AccelerationBands(period);
                return [("middle", bands.Middle), ("upper", bands.Upper), ("lower", bands.Lower)];
            };
        }),
        new("chande_kroll", "Chande's and Kroll's stop: stops some average true ranges from extremes, held at their own extreme.", declare =>
        {
            var period = declare.Period(10, "Bars of the extremes and of the average true range.");
            var multiplier = Multiplier(declare, 1);
            var hold = declare.Period(9, "Bars over which a stop is held at its extreme.", "hold");
            return bars =>
            {
                var stops = bars.ChandeKroll(period, multiplier, hold);
                return [("long", stops.Long), ("short", stops.Short)];
            };
        }),
    ];

    private static Param<double> Multiplier(IndicatorParameters declare, double @default) =>
        declare.Number("multiplier", @default, 0, 100, "Average true ranges of distance.");
}
