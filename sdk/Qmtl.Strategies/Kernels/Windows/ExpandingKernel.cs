namespace Qmtl.Strategies;

/// <summary>A sum that keeps what each addition rounds off, so that its error does not grow with the number of values.</summary>
/// <remarks>The two-sum of Knuth and the two-product of Dekker (by fused multiply-add): each gives the rounding error of one operation exactly.</remarks>
internal readonly struct CompensatedSum(double high, double low)
{
    public double High { get; } = high;

    /// <summary>The part of the sum below the last bit of <see cref="High"/>.</summary>
    public double Low { get; } = low;

    public double Value => High + Low;

    public CompensatedSum Plus(double value, double valueLow = 0)
    {
        var sum = High + value;
        var added = sum - High;
        var error = High - (sum - added) + (value - added);
        return new(sum, Low + error + valueLow);
    }

    public CompensatedSum PlusSquare(double value)
    {
        var square = value * value;
        return Plus(square, Math.FusedMultiplyAdd(value, value, -square));
    }
}

/// <summary>What is read off the moments of all values so far.</summary>
internal interface IExpandingReading
{
    static abstract string Name { get; }

    /// <summary>How many values there must be.</summary>
    static abstract int MinCount { get; }

    static abstract double Read(in ExpandingMoments moments);
}

/// <summary>Sums of the first and second powers of all values so far about the first of them.</summary>
internal readonly record struct ExpandingMoments(double Count, double Pivot, CompensatedSum First, CompensatedSum Second)
{
    public double Mean => Pivot + (First.Value / Count);

    /// <summary>The sum of squares about the mean: second - first^2 / count, with the rounding of the product and the quotient put back.</summary>
    /// <remarks>The first value may be far from the present mean, and the difference small; hence the care.</remarks>
    public double Squares
    {
        get
        {
            var mean = First.High / Count;
            var product = mean * First.High;
            var productError = Math.FusedMultiplyAdd(mean, First.High, -product);
            var meanError = Math.FusedMultiplyAdd(-mean, Count, First.High) / Count;
            var rest = productError + (meanError * First.High) + (2 * mean * First.Low);
            return Math.Max(Second.High - product + (Second.Low - rest), 0.0);
        }
    }
}

/// <summary>A statistic of all values so far. A missing value is passed over: it gives a missing result and changes nothing.</summary>
/// <remarks>
/// The error does not grow with the history: sums are compensated. A value of more than 1e145 counts as missing, since its square leaves no
/// room to sum; so no value, however mistaken, spoils the statistic for good.
/// <para>State: [0] values so far, [1] the first of them, [2] and [3] the sum of distances from it, [4] and [5] the sum of their squares.</para>
/// </remarks>
internal sealed class ExpandingKernel<TReading> : Kernel
    where TReading : struct, IExpandingReading
{
    private const double Limit = 1e145;

    internal override NodeCode Code => NodeCode.BuiltIn(TReading.Name);

    public override int Lookback => TReading.MinCount - 1;

    public override int StateLength => 6;

    public override void Process(Span<double> state, in KernelInputs inputs, Span<double> output)
    {
        var input = inputs[0];
        var moments = new ExpandingMoments(state[0], state[1], new(state[2], state[3]), new(state[4], state[5]));
        for (var i = 0; i < output.Length; i++)
        {
            var value = input[i];
            if (!(Math.Abs(value) <= Limit))
            {
                output[i] = double.NaN;
                continue;
            }

            if (moments.Count == 0) moments = moments with { Pivot = value };
            var distance = value - moments.Pivot;
            moments = new(moments.Count + 1, moments.Pivot, moments.First.Plus(distance), moments.Second.PlusSquare(distance));
            output[i] = moments.Count < TReading.MinCount ? double.NaN : TReading.Read(moments);
        }

        state[0] = moments.Count;
        state[1] = moments.Pivot;
        state[2] = moments.First.High;
        state[3] = moments.First.Low;
        state[4] = moments.Second.High;
        state[5] = moments.Second.Low;
    }
}

/// <summary>The mean of all values so far.</summary>
internal readonly struct ExpandingMean : IExpandingReading
{
    public static string Name => "expanding_mean";

    public static int MinCount => 1;

    public static double Read(in ExpandingMoments moments) => moments.Mean;
}

/// <summary>The population's variance of all values so far.</summary>
internal readonly struct ExpandingVariance : IExpandingReading
{
    public static string Name => "expanding_variance";

    public static int MinCount => 1;

    public static double Read(in ExpandingMoments moments) => moments.Squares / moments.Count;
}

/// <summary>The sample's variance of all values so far.</summary>
internal readonly struct ExpandingSampleVariance : IExpandingReading
{
    public static string Name => "expanding_sample_variance";

    public static int MinCount => 2;

    public static double Read(in ExpandingMoments moments) => moments.Squares / (moments.Count - 1);
}

/// <summary>The population's standard deviation of all values so far.</summary>
internal readonly struct ExpandingDeviation : IExpandingReading
{
    public static string Name => "expanding_stddev";

    public static int MinCount => 1;

    public static double Read(in ExpandingMoments moments) => Math.Sqrt(moments.Squares / moments.Count);
}

/// <summary>The sample's standard deviation of all values so far.</summary>
internal readonly struct ExpandingSampleDeviation : IExpandingReading
{
    public static string Name => "expanding_sample_stddev";

    public static int MinCount => 2;

    public static double Read(in ExpandingMoments moments) => Math.Sqrt(moments.Squares / (moments.Count - 1));
}
