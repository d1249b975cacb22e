namespace Qmtl.Strategies;

/// <summary>Statistics of a window or of all values so far, and channels made of them.</summary>
internal static class Rolling
{
    public static IndicatorDefinition[] Definitions =>
    [
        new("bollinger", "Bollinger bands: a moving average and k population deviations above and below it.", declare =>
        {
            var period = declare.Period(20, "Bars of the average and the deviation.");
            var k = declare.Number("k", 2.0, 0.01, 100.0, "Deviations between the middle and a band.");
            var price = declare.Price();
            return bars =>
            {
                var bands = price.Of(bars).Bollinger(period, k);
                return [("middle", bands.Middle), ("upper", bands.Upper), ("lower", bands.Lower)];
            };
        }),
        new("donchian", "Donchian channel: the highest high and lowest low of the last n bars, the present one among them.", declare =>
        {
            var period = declare.Period(20, "Bars of the channel.");
            return bars =>
            {
                var bands = bars.Donchian(period);
                return [("upper", bands.Upper), ("lower", bands.Lower), ("middle", bands.Middle)];
            };
        }),
        OfWindow("ulcer", "Ulcer index: the quadratic mean of the percentage distances below the highest of the last n prices.", 14, 1, (x, n) => x.Ulcer(n)),
        OfWindow("min", "The smallest of the last n prices.", 20, 1, (x, n) => x.Min(n)),
        OfWindow("max", "The largest of the last n prices.", 20, 1, (x, n) => x.Max(n)),
        OfWindow("median", "The median of the last n prices.", 20, 1, (x, n) => x.Median(n)),
        OfWindow("mad", "The mean distance of the last n prices from their mean.", 20, 1, (x, n) => x.MeanAbsoluteDeviation(n)),
        OfWindow("slope", "The rise a bar of the least-squares line through the last n prices.", 14, 2, (x, n) => x.Slope(n)),
        OfWindow("linreg", "The height on the present bar of the least-squares line through the last n prices.", 14, 2, (x, n) => x.LinearRegression(n)),
        OfWindow("tsf", "Time series forecast: the height of that line one bar ahead.", 14, 2, (x, n) => x.TimeSeriesForecast(n)),
        OfWindow("r_squared", "The share of the variance that the line explains.", 14, 2, (x, n) => x.RSquared(n)),
        OfSample("variance", "The variance of the last n prices.", 20, 2, (x, n, sample) => x.Variance(n, sample)),
        OfSample("stddev", "The standard deviation of the last n prices.", 20, 2, (x, n, sample) => x.StdDev(n, sample)),
        OfSample("zscore", "How many deviations the price is above the mean of the last n.", 20, 2, (x, n, sample) => x.ZScore(n, sample)),
        OfSample("skew", "The skewness of the last n prices.", 30, 3, (x, n, sample) => x.Skewness(n, sample)),
        OfSample("kurt", "The excess kurtosis of the last n prices.", 30, 4, (x, n, sample) => x.Kurtosis(n, sample)),
        new("quantile", "The price that a share q of the last n does not exceed.", declare =>
        {
            var period = declare.Period(20, "Bars of the window.");
            var q = declare.Number("q", 0.5, 0.0, 1.0, "The share.");
            var price = declare.Price();
            return bars => [("quantile", price.Of(bars).Quantile(period, q))];
        }),
        new("percent_rank", "The percentage of the n prices before that are not above the present one.", declare =>
        {
            var period = declare.Whole("period", 100, 1..(Kernel.MaxPeriod - 1), "Bars to compare with.");
            var price = declare.Price();
            return bars => [("percent_rank", price.Of(bars).PercentRank(period))];
        }),
        OfPair("correlation", "Pearson's correlation of two columns over the last n bars.", (x, y, n) => x.Correlation(y, n)),
        OfPair("beta", "The slope of x on y over the last n bars.", (x, y, n) => x.Beta(y, n)),
        OfHistory("cumulative_max", "The highest price so far.", x => x.CumulativeMax()),
        OfHistory("cumulative_min", "The lowest price so far.", x => x.CumulativeMin()),
        OfHistory("drawdown", "The share by which the price is below its highest so far.", x => x.Drawdown()),
    ];

    private static IndicatorDefinition OfWindow(string name, string description, int period, int min, Func<Series, int, Series> build) => new(name, description, declare =>
    {
        var window = declare.Period(period, "Bars of the window.", min: min);
        var price = declare.Price();
        return bars => [(name, build(price.Of(bars), window))];
    });

    private static IndicatorDefinition OfSample(string name, string description, int period, int min, Func<Series, int, bool, Series> build) => new(name, description, declare =>
    {
        var window = declare.Period(period, "Bars of the window.", min: min);
        var sample = declare.Flag("sample", @default: false, "Of a sample (n - 1), not of the population (n).");
        var price = declare.Price();
        return bars => [(name, build(price.Of(bars), window, sample))];
    });

    private static IndicatorDefinition OfPair(string name, string description, Func<Series, Series, int, Series> build) => new(name, description, declare =>
    {
        var window = declare.Period(30, "Bars of the window.", min: 2);
        var x = declare.Price("x");
        var y = declare.Price("y", "open");
        return bars => [(name, build(x.Of(bars), y.Of(bars), window))];
    });

    private static IndicatorDefinition OfHistory(string name, string description, Func<Series, Series> build) => new(name, description, declare =>
    {
        var price = declare.Price();
        return bars => [(name, build(price.Of(bars)))];
    });
}
