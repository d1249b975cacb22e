namespace Qmtl.Strategies;

/// <content>Statistics of all values so far. A missing value gives a missing result and is otherwise passed over.</content>
public sealed partial class Series
{
    /// <summary>The mean of all values so far.</summary>
    /// <remarks>The sum is compensated: its error does not grow with the history. Values of more than 1e145 count as missing.</remarks>
    public Series ExpandingMean() => new(Node.Of(new ExpandingKernel<ExpandingMean>(), Node));

    /// <summary>The variance of all values so far.</summary>
    /// <param name="sample">Divides by n - 1 instead of n; the first result then comes with the second value.</param>
    public Series ExpandingVariance(bool sample = false) =>
        new(Node.Of(sample ? new ExpandingKernel<ExpandingSampleVariance>() : new ExpandingKernel<ExpandingVariance>(), Node));

    /// <summary>The standard deviation of all values so far.</summary>
    /// <param name="sample">Divides by n - 1 instead of n; the first result then comes with the second value.</param>
    public Series ExpandingStdDev(bool sample = false) =>
        new(Node.Of(sample ? new ExpandingKernel<ExpandingSampleDeviation>() : new ExpandingKernel<ExpandingDeviation>(), Node));

    /// <summary>The sum of all values so far, to the last bit or two however many there are.</summary>
    public Series CumulativeSum() => new(Node.Of(new CumulativeSumKernel(), Node));

    /// <summary>The product of all values so far: of 1 + return, the growth of one unit of money.</summary>
    public Series CumulativeProduct() => new(Node.Of(new CumulativeProductKernel(), Node));

    /// <summary>The largest of all values so far.</summary>
    public Series CumulativeMax() => new(Node.Of(new CumulativeExtremeKernel<Largest>(), Node));

    /// <summary>The smallest of all values so far.</summary>
    public Series CumulativeMin() => new(Node.Of(new CumulativeExtremeKernel<Smallest>(), Node));

    /// <summary>How far this is below its highest value so far, as a share of that value: 0 at a new high, 0.25 a quarter below.</summary>
    /// <remarks>(peak - x) / peak, never negative; missing while the peak is not positive.</remarks>
    public Series Drawdown() => new(Node.Of(new DrawdownKernel(), Node));
}
