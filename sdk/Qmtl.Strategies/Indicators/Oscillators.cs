namespace Qmtl.Strategies;

/// <summary>Oscillators.</summary>
internal static class Oscillators
{
    public static IndicatorDefinition[] Definitions =>
    [
        Change("momentum", "The change over n bars, in units of the price.", (price, period) => price.Momentum(period)),
        Change("roc", "Rate of change over n bars, in percent.", (price, period) => price.Roc(period)),
        OfPrice("rsi", "Wilder's relative strength index, 0..100; 50 without any movement.", 14, (price, period) => price.Rsi(period)),
        OfPrice("dpo", "Detrended price oscillator: the price of n / 2 + 1 bars ago less the average of n bars.", 20, (price, period) => price.Dpo(period)),
        Change("cmo", "Chande's momentum oscillator, -100..100: net move in percent of the path.", (price, period) => price.Cmo(period), 14),
        new("stochrsi", "Stochastic of the RSI, 0..100, and its average.", declare =>
        {
            var rsi = declare.Period(14, "Bars of the RSI.", "rsi_period");
            var range = declare.Period(14, "Bars of its range.", "stoch_period");
            var signal = declare.Period(3, "Bars of d.", "signal");
            var smooth = declare.Period(3, "Bars that smooth k.", "smooth");
            var price = declare.Price();
            return bars => Stochastic(price.Of(bars).StochRsi(rsi, range, signal, smooth));
        }),
        new("stochastic", "Lane's stochastic oscillator, 0..100, and its average.", declare =>
        {
            var period = declare.Period(14, "Bars of the range.");
            var smooth = declare.Period(3, "Bars that smooth k; 1 is the fast form.", "smooth");
            var signal = declare.Period(3, "Bars of d.", "signal");
            return bars => Stochastic(bars.Stochastic(period, smooth, signal));
        }),
        new("kdj", "Stochastic oscillator by Wilder's smoothing, with j = 3 k - 2 d.", declare =>
        {
            var period = declare.Period(9, "Bars of the range.");
            var smooth = declare.Period(3, "Weight 1 / smooth of a new value in k.", "smooth");
            var signal = declare.Period(3, "Weight 1 / signal of a new k in d.", "signal");
            return bars =>
            {
                var lines = bars.Kdj(period, smooth, signal);
                return [("k", lines.K), ("d", lines.D), ("j", lines.J)];
            };
        }),
        Convergence("macd", "Appel's moving average convergence and divergence, in units of the price.", (price, fast, slow, signal) => price.Macd(fast, slow, signal)),
        Convergence("ppo", "Percentage price oscillator: the MACD in percent of the slow average.", (price, fast, slow, signal) => price.Ppo(fast, slow, signal)),
        new("trix", "Change per bar, in percent, of a triple exponential average, and its signal.", declare =>
        {
            var period = declare.Period(15, "Bars of each of the three averages.");
            var signal = declare.Period(9, "Bars of the signal.", "signal");
            var price = declare.Price();
            return bars => Signalled("trix", price.Of(bars).Trix(period, signal));
        }),
        new("tsi", "Blau's true strength index, -100..100, and its signal.", declare =>
        {
            var slow = declare.Period(25, "Bars of the first smoothing.", "slow");
            var fast = declare.Period(13, "Bars of the second smoothing.", "fast");
            var signal = declare.Period(7, "Bars of the signal.", "signal");
            var price = declare.Price();
            return bars => Signalled("tsi", price.Of(bars).Tsi(slow, fast, signal));
        }),
        new("cci", "Lambert's commodity channel index.", declare =>
        {
            var period = declare.Period(20, "Bars of the mean.", min: 2);
            var price = declare.Price(@default: "hlc3");
            return bars => [("cci", price.Of(bars).Cci(period))];
        }),
        new("williams_r", "Williams' %R, -100..0: how far the close is below the highest high.", declare =>
        {
            var period = declare.Period(14, "Bars of the range.");
            return bars => [("williams_r", bars.WilliamsR(period))];
        }),
        new("ultimate", "Williams' ultimate oscillator, 0..100: buying pressure in three windows.", declare =>
        {
            var fast = declare.Period(7, "Bars of the short window.", "fast");
            var middle = declare.Period(14, "Bars of the middle window.", "middle");
            var slow = declare.Period(28, "Bars of the long window.", "slow");
            return bars => [("ultimate", bars.UltimateOscillator(fast, middle, slow))];
        }),
        new("awesome", "Williams' awesome oscillator: short less long average of the bars' middles.", declare =>
        {
            var fast = declare.Period(5, "Bars of the short average.", "fast");
            var slow = declare.Period(34, "Bars of the long average.", "slow");
            return bars => [("awesome", bars.AwesomeOscillator(fast, slow))];
        }),
    ];

    private static IndicatorDefinition OfPrice(string name, string description, int @default, Func<Series, int, Series> of) => new(name, description, declare =>
    {
        var period = declare.Period(@default, "Bars to look at.");
        var price = declare.Price();
        return bars => [(name, of(price.Of(bars), period))];
    });

    private static IndicatorDefinition Change(string name, string description, Func<Series, int, Series> of, int @default = 10) => new(name, description, declare =>
    {
        var period = declare.Whole("period", @default, 1..(Kernel.MaxPeriod - 1), "Bars to look back.");
        var price = declare.Price();
        return bars => [(name, of(price.Of(bars), period))];
    });

    private static IndicatorDefinition Convergence(string name, string description, Func<Series, int, int, int, MacdLines> of) => new(name, description, declare =>
    {
        var fast = declare.Period(12, "Bars of the fast average.", "fast");
        var slow = declare.Period(26, "Bars of the slow average.", "slow");
        var signal = declare.Period(9, "Bars of the signal.", "signal");
        var price = declare.Price();
        return bars =>
        {
            var lines = of(price.Of(bars), fast, slow, signal);
            return [(name, lines.Line), ("signal", lines.Signal), ("histogram", lines.Histogram)];
        };
    });

    private static IndicatorOutput[] Stochastic(StochasticLines lines) => [("k", lines.K), ("d", lines.D)];

    private static IndicatorOutput[] Signalled(string name, SignalLines lines) => [(name, lines.Line), ("signal", lines.Signal)];
}
