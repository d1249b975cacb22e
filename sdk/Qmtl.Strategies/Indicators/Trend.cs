namespace Qmtl.Strategies;

/// <summary>Direction and strength of a trend.</summary>
internal static class Trend
{
    public static IndicatorDefinition[] Definitions =>
    [
        new("adx", "Wilder's directional movement: strength of the trend, upward and downward indicator, 0..100.", declare =>
        {
            var period = declare.Period(14, "Bars of the smoothing.");
            return bars =>
            {
                var lines = bars.Adx(period);
                return [("adx", lines.Adx), ("plus_di", lines.PlusDi), ("minus_di", lines.MinusDi)];
            };
        }),
        new("adxr", "Wilder's directional movement rating: the mean of the ADX now and n - 1 bars ago.", declare =>
        {
            var period = declare.Period(14, "Bars of the smoothing.");
            return bars => [("adxr", bars.Adxr(period))];
        }),
        new("alligator", "Williams' alligator: three displaced smoothed averages.", _ => bars =>
        {
            var lines = bars.Alligator();
            return [("jaw", lines.Jaw), ("teeth", lines.Teeth), ("lips", lines.Lips)];
        }),
        new("heikin_ashi", "Heikin-Ashi bars.", _ => bars =>
        {
            var made = bars.HeikinAshi();
            return [("open", made.Open), ("high", made.High), ("low", made.Low), ("close", made.Close)];
        }),
        new("aroon", "Chande's Aroon: how recent the highest high and the lowest low are, 0..100.", declare =>
        {
            var period = declare.Whole("period", 25, 1..(Kernel.MaxPeriod - 1), "Bars to look back.");
            return bars =>
            {
                var lines = bars.Aroon(period);
                return [("up", lines.Up), ("down", lines.Down)];
            };
        }),
        new("aroon_oscillator", "Aroon up less Aroon down, -100..100.", declare =>
        {
            var period = declare.Whole("period", 25, 1..(Kernel.MaxPeriod - 1), "Bars to look back.");
            return bars => [("aroon_oscillator", bars.Aroon(period).Oscillator)];
        }),
        new("psar", "Wilder's parabolic stop and reverse.", declare =>
        {
            var step = declare.Number("step", 0.02, 0, 1, "What each new extreme adds to the acceleration.");
            var max = declare.Number("max", 0.2, 0, 1, "The largest acceleration.");
            return bars => [("psar", bars.ParabolicSar(step, max))];
        }),
    ];
}
