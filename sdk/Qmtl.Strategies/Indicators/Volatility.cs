namespace Qmtl.Strategies;

/// <summary>Estimators of the standard deviation of returns.</summary>
internal static class Volatility
{
    public static IndicatorDefinition[] Definitions =>
    [
        Estimator("historical_volatility", "Sample standard deviation of log returns from close to close.", 2, (bars, period, year) => bars.HistoricalVolatility(period, year)),
        Estimator("parkinson", "Standard deviation of returns from the range of bars (Parkinson).", 1, (bars, period, year) => bars.Parkinson(period, year)),
        Estimator("garman_klass", "Standard deviation of returns from range and body of bars (Garman and Klass).", 1, (bars, period, year) => bars.GarmanKlass(period, year)),
        Estimator("rogers_satchell", "Standard deviation of returns from all four prices, whatever the drift (Rogers and Satchell).", 1, (bars, period, year) => bars.RogersSatchell(period, year)),
        Estimator("yang_zhang", "Standard deviation of returns from all four prices and the gaps between bars (Yang and Zhang).", 2, (bars, period, year) => bars.YangZhang(period, year)),
    ];

    private static IndicatorDefinition Estimator(string name, string description, int min, Func<PriceSeries, int, double, Series> of) => new(name, description, declare =>
    {
        var period = declare.Period(20, "Bars of the window.", min: min);
        var year = declare.Number("bars_per_year", 1, 1, 1e9, "1 for the deviation of one bar; bars in a year for annual figures.");
        return bars => [(name, of(bars, period, year))];
    });
}
