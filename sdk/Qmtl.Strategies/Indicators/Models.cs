namespace Qmtl.Strategies;

/// <summary>Models with given parameters.</summary>
internal static class Models
{
    public static IndicatorDefinition[] Definitions =>
    [
        new("kalman", "Kalman's filter of a random walk seen through noise.", declare =>
        {
            var q = declare.Number("q", 1e-5, 0, 1e12, "Variance of the level's own move per bar.");
            var r = declare.Number("r", 1e-2, 1e-12, 1e12, "Variance of the noise in each price.");
            var p0 = declare.Number("p0", 1, 0, 1e12, "Variance of the first level.");
            var price = declare.Price();
            return bars => [("kalman", price.Of(bars).Kalman(q, r, p0))];
        }),
        new("kalman_trend", "Kalman's filter of a local linear trend: level and slope.", declare =>
        {
            var qLevel = declare.Number("q_level", 1e-5, 0, 1e12, "Variance of the level's own move per bar.");
            var qSlope = declare.Number("q_slope", 1e-6, 0, 1e12, "Variance of the slope's move per bar.");
            var r = declare.Number("r", 1e-2, 1e-12, 1e12, "Variance of the noise in each price.");
            var p0 = declare.Number("p0", 1, 0, 1e12, "Variance of the first level and slope.");
            var price = declare.Price();
            return bars =>
            {
                var trend = price.Of(bars).KalmanTrend(qLevel, qSlope, r, p0);
                return [("level", trend.Level), ("slope", trend.Slope)];
            };
        }),
        new("garch", "Deviation of the next bar's log return expected by a GARCH(1,1) with given parameters.", declare =>
        {
            // With these defaults the long-run deviation is 1 % a bar, that of a day of shares.
            var omega = declare.Number("omega", 2e-6, 0, 1, "What variance there is always.");
            var alpha = declare.Number("alpha", 0.1, 0, 1, "Weight of the latest squared return.");
            var beta = declare.Number("beta", 0.88, 0, 1, "Weight of the variance before; alpha + beta must not be above 1.");
            var seed = Seed(declare);
            var price = declare.Price();
            return bars => [("garch", price.Of(bars).Garch(omega, alpha, beta, seed))];
        }),
        new("ewma_volatility", "Exponentially weighted deviation of log returns with mean zero (RiskMetrics).", declare =>
        {
            var lambda = declare.Number("lambda", 0.94, 0, 1, "How much of the variance stays from bar to bar.");
            var seed = Seed(declare);
            var price = declare.Price();
            return bars => [("ewma_volatility", price.Of(bars).EwmaVolatility(lambda, seed))];
        }),
        new("hurst", "Hurst exponent of the log price: 0.5 a random walk, above it moves go on, below it they turn back.", declare =>
        {
            var period = declare.Period(100, "Changes of each lag that count.", min: 2);
            var maxLag = declare.Whole("max_lag", 16, 2..1024, "No lag is longer; lags are powers of two.");
            var price = declare.Price();
            return bars => [("hurst", price.Of(bars).Hurst(period, maxLag))];
        }),
    ];

    private static Param<int> Seed(IndicatorParameters declare) =>
        declare.Whole("seed", 20, 2..(Kernel.MaxPeriod - 1), "Returns that the first variance is taken from.");
}
