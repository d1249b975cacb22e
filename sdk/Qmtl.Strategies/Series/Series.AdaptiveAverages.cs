namespace Qmtl.Strategies;

/// <content>Averages that adapt to the market, and windows with a shape of their own.</content>
public sealed partial class Series
{
    /// <summary>An average whose weight is a series: y' = y + weight x (x - y).</summary>
    /// <remarks>It starts at the last value before the first weight. Missing where value or weight is, and goes on from where it stood.</remarks>
    /// <param name="weight">How much of a new value to take in, 0 (none) to 1 (all).</param>
    public Series Adaptive(Series weight) => new(Node.Of(new AdaptiveKernel(), Node, weight.Node));

    /// <summary>Kaufman's adaptive moving average: fast in a trend, slow in noise.</summary>
    /// <remarks>
    /// Source: P. Kaufman, Smarter Trading, 1995. y' = y + c² (x - y) with c between 2 / (slow + 1) and 2 / (fast + 1) in proportion to the
    /// <see cref="EfficiencyRatio"/>. It starts at the price of the bar before the first ratio; first value after <paramref name="erPeriod"/>
    /// bars. Start and flat windows as in TA-Lib.
    /// </remarks>
    /// <param name="erPeriod">Bars of the efficiency ratio, 1..9999.</param>
    /// <param name="fast">Bars of the average in a perfect trend, 1..10000.</param>
    /// <param name="slow">Bars of the average in pure noise, 1..10000.</param>
    public Series Kama(int erPeriod = 10, int fast = 2, int slow = 30)
    {
        Check("kama", erPeriod, Kernel.MaxPeriod - 1, "erPeriod");
        Check("kama", fast, Kernel.MaxPeriod, "fast");
        Check("kama", slow, Kernel.MaxPeriod, "slow");
        var (quickest, slowest) = (2.0 / (fast + 1), 2.0 / (slow + 1));
        var root = (EfficiencyRatio(erPeriod) * (quickest - slowest)) + slowest;
        return Adaptive(root * root);
    }

    /// <summary>Kaufman's efficiency ratio: the net move of n bars over the length of the path, 0 (noise) to 1 (a straight line).</summary>
    /// <remarks>A window without any move counts as 1, as in TA-Lib. First value after n bars.</remarks>
    /// <param name="period">n, 1..9999.</param>
    public Series EfficiencyRatio(int period)
    {
        Check("efficiency_ratio", period, Kernel.MaxPeriod - 1, "period");
        return new Series(Binary<Efficiency>(Momentum(period), Path(period)));
    }

    /// <summary>Chande's variable index dynamic average: an EMA whose weight is scaled by the size of his momentum oscillator.</summary>
    /// <remarks>
    /// Source: T. Chande, TASC 3/1992, in the form of 1995: y' = y + 2 / (n + 1) x |CMO(n)| / 100 x (x - y). It starts at the price of the bar
    /// before the first oscillator; first value after n bars.
    /// </remarks>
    /// <param name="period">n, 1..9999.</param>
    public Series Vidya(int period = 14)
    {
        Check("vidya", period, Kernel.MaxPeriod - 1, "period");
        return Adaptive(Cmo(period).Abs() * (0.02 / (period + 1)));
    }

    /// <summary>McGinley's dynamic, y' = y + (x - y) / (n (x / y)^4): quick in falls, slow in rises. For prices above zero.</summary>
    /// <remarks>
    /// Source: J. McGinley, 1990; without his factor 0.6, as in pandas-ta by default. Seeded by the simple mean of the first n values. The divisor
    /// is held at 1 or more: after a crash the plain formula would throw the average below the price.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    public Series McGinley(int period = 14)
    {
        Check("mcginley", period, Kernel.MaxPeriod, "period");
        return new Series(Node.Of(new McGinleyKernel(period), Node));
    }

    /// <summary>The Arnaud Legoux moving average: the window weighted by a bell.</summary>
    /// <remarks>
    /// Source: A. Legoux and D. Kouzis-Loukas, 2009. The bell's peak is at <paramref name="offset"/> x (n - 1) from the oldest value, as in
    /// TradingView without rounding it down; its width is n / <paramref name="sigma"/>. Costs n multiplications a bar. First value after n - 1 bars.
    /// </remarks>
    /// <param name="period">n, 1..10000.</param>
    /// <param name="offset">0 (the oldest value) to 1 (the newest).</param>
    /// <param name="sigma">How narrow the bell is, 0.1..100.</param>
    public Series Alma(int period = 9, double offset = 0.85, double sigma = 6)
    {
        Check("alma", period, Kernel.MaxPeriod, "period");
        CheckNumber("alma", offset, 0, 1, "offset");
        CheckNumber("alma", sigma, 0.1, 100, "sigma");
        return new Series(Node.Of(new AlmaKernel(period, offset, sigma), Node));
    }

    // The sum of the moves of n bars, up and down.
    private Series Path(int period) => Momentum(1).Abs().Sum(period);
}
