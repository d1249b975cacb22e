namespace Qmtl.Strategies;

/// <summary>Oscillators built from rates of change and from places in a range.</summary>
internal static class Cycles
{
    public static IndicatorDefinition[] Definitions =>
    [
        new("coppock", "Coppock curve: weighted average of the sum of two rates of change, in percent.", declare =>
        {
            var slow = declare.Whole("slow", 14, 1..(Kernel.MaxPeriod - 1), "Bars of the long rate of change.");
            var fast = declare.Whole("fast", 11, 1..(Kernel.MaxPeriod - 1), "Bars of the short rate of change.");
            var average = declare.Period(10, "Bars of the average.", "average");
            var price = declare.Price();
            return bars => [("coppock", price.Of(bars).Coppock(slow, fast, average))];
        }),
        new("connors_rsi", "Connors' RSI, 0..100: short RSI, RSI of the streak and rank of the last change.", declare =>
        {
            var rsi = declare.Period(3, "Bars of the RSI of the price.", "rsi_period");
            var streak = declare.Period(2, "Bars of the RSI of the streak.", "streak_period");
            var rank = declare.Whole("rank_period", 100, 1..(Kernel.MaxPeriod - 1), "Changes to compare the last one with.");
            var price = declare.Price();
            return bars => [("connors_rsi", price.Of(bars).ConnorsRsi(rsi, streak, rank))];
        }),
        new("laguerre_rsi", "Ehlers' Laguerre RSI, 0..100.", declare =>
        {
            var gamma = declare.Number("gamma", 0.5, 0, 0.999, "Damping of the filters.");
            var price = declare.Price();
            return bars => [("laguerre_rsi", price.Of(bars).LaguerreRsi(gamma))];
        }),
        new("kst", "Pring's know sure thing: four smoothed rates of change, and its average.", declare =>
        {
            var signal = declare.Period(9, "Bars of the signal.", "signal");
            var price = declare.Price();
            return bars => Signalled("kst", price.Of(bars).Kst(signal));
        }),
        new("schaff_cycle", "Schaff's trend cycle, 0..100: the MACD's place in its range, twice.", declare =>
        {
            var fast = declare.Period(23, "Bars of the fast average.", "fast");
            var slow = declare.Period(50, "Bars of the slow average.", "slow");
            var cycle = declare.Period(10, "Bars of both ranges.", "cycle", min: 2);
            var price = declare.Price();
            return bars => [("schaff_cycle", price.Of(bars).SchaffCycle(fast, slow, cycle))];
        }),
        new("fisher", "Ehlers' Fisher transform of the place in the range, and its value of the bar before.", declare =>
        {
            var period = declare.Period(9, "Bars of the range.", min: 2);
            var price = declare.Price(@default: "hl2");
            return bars => Signalled("fisher", price.Of(bars).Fisher(period));
        }),
        new("relative_vigor", "Ehlers' relative vigor index and its signal.", declare =>
        {
            var period = declare.Period(10, "Bars that are summed.");
            return bars => Signalled("relative_vigor", bars.RelativeVigor(period));
        }),
        new("stochastic_momentum", "Blau's stochastic momentum index, -100..100, and its signal.", declare =>
        {
            var period = declare.Period(10, "Bars of the range.");
            var smooth = declare.Period(3, "Bars of each of the two averages.", "smooth");
            var signal = declare.Period(3, "Bars of the signal.", "signal");
            return bars => Signalled("stochastic_momentum", bars.StochasticMomentum(period, smooth, signal));
        }),
    ];

    private static IndicatorOutput[] Signalled(string name, SignalLines lines) => [(name, lines.Line), ("signal", lines.Signal)];
}
