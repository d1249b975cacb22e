namespace Qmtl.Strategies;

/// <content>Models with given parameters: nothing is fitted, so nothing can look ahead.</content>
public sealed partial class Series
{
    /// <summary>Kalman's filter of a random walk seen through noise: a smooth level that trusts each value the less the noisier values are.</summary>
    /// <remarks>
    /// Source: R. E. Kalman, A New Approach to Linear Filtering and Prediction Problems, 1960. The first value is the first level, with
    /// variance <paramref name="p0"/>; then, each bar, p += q, k = p / (p + r), x += k (z - x), p *= 1 - k. q and r are in squared units of the series, and
    /// r / q decides how smooth the line gets. No warm-up.
    /// </remarks>
    /// <param name="q">Variance of the level's own move per bar, 0..1e12.</param>
    /// <param name="r">Variance of the noise in each value, 1e-12..1e12.</param>
    /// <param name="p0">Variance of the first level, 0..1e12.</param>
    public Series Kalman(double q = 1e-5, double r = 1e-2, double p0 = 1)
    {
        CheckNumber("kalman", q, 0, 1e12, "q");
        CheckNumber("kalman", r, 1e-12, 1e12, "r");
        CheckNumber("kalman", p0, 0, 1e12, "p0");
        return new Series(Node.Of(new KalmanKernel(q, r, p0), Node));
    }

    /// <summary>Kalman's filter of a local linear trend: a level, and the slope at which it moves per bar.</summary>
    /// <remarks>
    /// Source: A. C. Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, 1989. Each bar the level moves by the slope, and both move at random;
    /// a value is the level plus noise. Begins at the first value with slope 0 and variance <paramref name="p0"/> of each. No warm-up, but the slope
    /// means little until some values have been seen. Variances are in squared units of the series.
    /// </remarks>
    /// <param name="qLevel">Variance of the level's own move per bar, 0..1e12.</param>
    /// <param name="qSlope">Variance of the slope's move per bar, 0..1e12.</param>
    /// <param name="r">Variance of the noise in each value, 1e-12..1e12.</param>
    /// <param name="p0">Variance of the first level and slope, 0..1e12.</param>
    public KalmanTrendLines KalmanTrend(double qLevel = 1e-5, double qSlope = 1e-6, double r = 1e-2, double p0 = 1)
    {
        CheckNumber("kalman_trend", qLevel, 0, 1e12, "qLevel");
        CheckNumber("kalman_trend", qSlope, 0, 1e12, "qSlope");
        CheckNumber("kalman_trend", r, 1e-12, 1e12, "r");
        CheckNumber("kalman_trend", p0, 0, 1e12, "p0");
        var outputs = new KalmanTrendKernel(qLevel, qSlope, r, p0).Over(this);
        return new KalmanTrendLines(outputs[0], outputs[1]);
    }

    /// <summary>The deviation of the next bar's log return that a GARCH(1,1) with these parameters expects; this series is a price.</summary>
    /// <remarks>
    /// Source: T. Bollerslev, Generalized Autoregressive Conditional Heteroskedasticity, 1986. variance = omega + alpha r² + beta variance, begun as the
    /// sample variance of the first <paramref name="seed"/> log returns, so the first value comes after that many bars. A fraction per bar: 0.01 is one
    /// percent; times the square root of bars per year it is annual. The long-run variance is omega / (1 - alpha - beta).
    /// </remarks>
    /// <param name="omega">What variance there is always, 0..1.</param>
    /// <param name="alpha">Weight of the latest squared return, 0..1.</param>
    /// <param name="beta">Weight of the variance before, 0..1; alpha + beta must not be above 1.</param>
    /// <param name="seed">Returns that the first variance is taken from, 2..9999.</param>
    public Series Garch(double omega, double alpha, double beta, int seed = 20)
    {
        CheckNumber("garch", omega, 0, 1, "omega");
        CheckNumber("garch", alpha, 0, 1, "alpha");
        CheckNumber("garch", beta, 0, 1 - alpha, "beta");
        if (seed is < 2 or >= Kernel.MaxPeriod) throw Refuse.Argument("garch", Node, "seed", $"must be a whole number 2..{Kernel.MaxPeriod - 1}, was {seed}");
        return new Series(Node.Of(new GarchKernel(omega, alpha, beta, seed), Node));
    }

    /// <summary>The exponentially weighted deviation of log returns with mean zero: variance = lambda variance + (1 - lambda) r²; this series is a price.</summary>
    /// <remarks>
    /// Source: J.P. Morgan, RiskMetrics Technical Document, 1996 (lambda 0.94 for days). It is the GARCH without omega, and the same node as
    /// <see cref="Garch"/> with those parameters; seeded alike. A fraction per bar.
    /// </remarks>
    /// <param name="lambda">How much of the variance stays, 0..1.</param>
    /// <param name="seed">Returns that the first variance is taken from, 2..9999.</param>
    public Series EwmaVolatility(double lambda = 0.94, int seed = 20)
    {
        CheckNumber("ewma_volatility", lambda, 0, 1, "lambda");
        return Garch(0, 1 - lambda, lambda, seed);
    }

    /// <summary>The Hurst exponent of the last n bars: 0.5 a random walk, above it moves go on, below it they turn back; this series is a price.</summary>
    /// <remarks>
    /// Source: the generalised Hurst exponent of second order, T. Di Matteo, Multi-scaling in Finance, 2007. The root mean square change of the log price over lags of
    /// 1, 2, 4, ... bars grows as lag^H; H is the least-squares slope of its logarithm on that of the lag. Each lag has n changes, so the first value
    /// comes after n - 1 + the largest lag. Missing while the price does not move. The estimate is noisy: about +-0.1 for a window of 100.
    /// </remarks>
    /// <param name="period">n, 2..10000.</param>
    /// <param name="maxLag">No lag is longer, 2..1024.</param>
    public Series Hurst(int period = 100, int maxLag = 16)
    {
        CheckWindow("hurst", period, 2);
        if (maxLag is < 2 or > 1024) throw Refuse.Argument("hurst", Node, "maxLag", $"must be a whole number 2..1024, was {maxLag}");
        var count = 1 + (int)Math.Log2(maxLag);
        var (log, mean) = (Log(), (count - 1) / 2.0);
        // Logarithms of the lags are equally spaced, so the slope is a fixed weighted sum.
        var spread = count * ((count * (double)count) - 1) / 12 * Math.Log(2);
        Series? slope = null;
        for (var power = 0; power < count; power++)
        {
            if (power == mean) continue;
            var term = log.Diff(1 << power).RootMeanSquare(period).Log() * ((power - mean) / spread);
            slope = slope is null ? term : slope + term;
        }

        return slope!;
    }
}

/// <summary>The lines of <see cref="Series.KalmanTrend"/>.</summary>
/// <param name="Level">The filtered level.</param>
/// <param name="Slope">Its move per bar.</param>
public sealed record KalmanTrendLines(Series Level, Series Slope);
