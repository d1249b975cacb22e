namespace Qmtl.Strategies;

/// <summary>Moving averages.</summary>
internal static class Averages
{
    public static IndicatorDefinition[] Definitions =>
    [
        Average("sma", "Simple moving average: the mean of the last n prices.", 20, (price, period) => price.Sma(period)),
        Average("ema", "Exponential moving average: weight 2 / (n + 1), seeded by the simple mean of the first n prices.", 20, (price, period) => price.Ema(period)),
        Average("wilder", "Wilder's smoothing (RMA, SMMA): weight 1 / n, seeded by the simple mean of the first n prices.", 14, (price, period) => price.Wilder(period)),
        Average("wma", "Linearly weighted moving average: weight n for the latest price down to 1.", 20, (price, period) => price.Wma(period)),
        Average("hma", "Hull's moving average: WMA(sqrt n) of 2 WMA(n / 2) - WMA(n).", 20, (price, period) => price.Hma(period), min: 2),
        Average("dema", "Double exponential moving average: 2 EMA - EMA of EMA.", 20, (price, period) => price.Dema(period)),
        Average("tema", "Triple exponential moving average: 3 EMA - 3 EMA of EMA + EMA of EMA of EMA.", 20, (price, period) => price.Tema(period)),
        Average("trima", "Triangular moving average: weights rise to the middle of the window and fall again.", 20, (price, period) => price.Trima(period)),
        Average("zlema", "Zero-lag exponential moving average: the EMA of the price plus its change over half the period.", 20, (price, period) => price.Zlema(period)),
        Average("mcginley", "McGinley's dynamic: quick in falls, slow in rises; for prices above zero.", 14, (price, period) => price.McGinley(period)),
        new("t3", "Tillson's T3: three passes of a generalised double exponential average.", declare =>
        {
            var period = declare.Period(5, "Bars of each exponential average.");
            var factor = declare.Number("volume_factor", 0.7, 0, 1, "0 is a triple EMA, 1 overshoots as DEMA does.");
            var price = declare.Price();
            return bars => [("t3", price.Of(bars).T3(period, factor))];
        }),
        new("kama", "Kaufman's adaptive moving average: fast in a trend, slow in noise.", declare =>
        {
            var efficiency = declare.Whole("er_period", 10, 1..(Kernel.MaxPeriod - 1), "Bars of the efficiency ratio.");
            var fast = declare.Period(2, "Bars of the average in a perfect trend.", "fast");
            var slow = declare.Period(30, "Bars of the average in pure noise.", "slow");
            var price = declare.Price();
            return bars => [("kama", price.Of(bars).Kama(efficiency, fast, slow))];
        }),
        new("vidya", "Chande's variable index dynamic average: an EMA whose weight follows his momentum oscillator.", declare =>
        {
            var period = declare.Whole("period", 14, 1..(Kernel.MaxPeriod - 1), "Bars of the average and of the oscillator.");
            var price = declare.Price();
            return bars => [("vidya", price.Of(bars).Vidya(period))];
        }),
        new("alma", "Arnaud Legoux moving average: the window weighted by a bell.", declare =>
        {
            var period = declare.Period(9, "Bars of the window.");
            var offset = declare.Number("offset", 0.85, 0, 1, "Where the bell's peak is: 0 the oldest value, 1 the newest.");
            var sigma = declare.Number("sigma", 6, 0.1, 100, "How narrow the bell is.");
            var price = declare.Price();
            return bars => [("alma", price.Of(bars).Alma(period, offset, sigma))];
        }),
        new("efficiency_ratio", "Kaufman's efficiency ratio: net move over path, 0 (noise) to 1 (a straight line).", declare =>
        {
            var period = declare.Whole("period", 10, 1..(Kernel.MaxPeriod - 1), "Bars of the path.");
            var price = declare.Price();
            return bars => [("efficiency_ratio", price.Of(bars).EfficiencyRatio(period))];
        }),
    ];

    private static IndicatorDefinition Average(string name, string description, int @default, Func<Series, int, Series> of, int min = 1) => new(name, description, declare =>
    {
        var period = declare.Period(@default, "Bars of the average.", min: min);
        var price = declare.Price();
        return bars => [(name, of(price.Of(bars), period))];
    });
}
