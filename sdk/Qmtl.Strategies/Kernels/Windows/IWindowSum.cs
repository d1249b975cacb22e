namespace Qmtl.Strategies;

/// <summary>What a sliding window adds up: an associative sum, built from either end and joined in the middle.</summary>
/// <remarks>
/// An implementation is a struct of doubles, because it lives in the kernel's state. A missing value (NaN) must make every sum it enters
/// NaN; nothing has to be taken out again, so nothing else is needed for missing values.
/// </remarks>
internal interface IWindowSum<TSelf>
    where TSelf : unmanaged, IWindowSum<TSelf>
{
    /// <summary>How many inputs the window has: 1 or 2.</summary>
    static abstract int Inputs { get; }

    /// <summary>True when values arrive relative to a pivot: see <see cref="WindowKernel{TSum, TReading}"/>.</summary>
    static abstract bool Pivoted { get; }

    /// <summary>The sum of no values.</summary>
    static abstract TSelf Empty { get; }

    /// <summary>This sum and one newer value behind it.</summary>
    /// <param name="sum">The sum of the values before.</param>
    /// <param name="x">The new value of the first input.</param>
    /// <param name="y">The new value of the second input, where there is one.</param>
    /// <param name="index">How many values the sum already has.</param>
    static abstract TSelf Append(TSelf sum, double x, double y, int index);

    /// <summary>This sum and one older value before it.</summary>
    static abstract TSelf Prepend(TSelf sum, double x, double y);

    /// <summary>Both sums, <paramref name="older"/> of <paramref name="olderLength"/> values and <paramref name="newer"/> of <paramref name="newerLength"/>.</summary>
    static abstract TSelf Join(TSelf older, TSelf newer, int olderLength, int newerLength);
}

/// <summary>What is read off the sum of a full window.</summary>
internal interface IWindowReading<TSum>
{
    /// <summary>The name of the operator.</summary>
    static abstract string Name { get; }

    /// <summary>The result; anything that is not finite becomes missing.</summary>
    static abstract double Read(in TSum sum, in WindowEnd end, WindowFacts facts);
}

/// <summary>The newest values of a window, relative to the pivots, and the pivots themselves (0 for sums without one).</summary>
internal readonly record struct WindowEnd(double X, double Y, double PivotX, double PivotY);

/// <summary>What depends on the window's length alone, computed once: the hot path multiplies where it would divide.</summary>
internal sealed class WindowFacts(int period)
{
    /// <summary>n.</summary>
    public readonly double Count = period;

    /// <summary>1 / n.</summary>
    public readonly double Reciprocal = 1.0 / period;

    /// <summary>1 / (n - 1): what a sample's variance is divided by.</summary>
    public readonly double SampleReciprocal = 1.0 / (period - 1);

    /// <summary>The mean of 0 .. n - 1.</summary>
    public readonly double MeanIndex = (period - 1) / 2.0;

    /// <summary>1 / the sum of squared distances of 0 .. n - 1 from their mean, which is n (n^2 - 1) / 12.</summary>
    public readonly double IndexReciprocal = 12.0 / (period * (((double)period * period) - 1.0));
}
