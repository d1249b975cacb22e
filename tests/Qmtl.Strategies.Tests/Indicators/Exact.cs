using System.Numerics;

namespace Qmtl.Strategies.Tests;

/// <summary>Statistics of a window without any rounding before the last step: every double is a whole multiple of 2^-120 here.</summary>
/// <remarks>decimal would not do: its conversion from double keeps fifteen digits.</remarks>
internal static class Exact
{
    private const int Scale = 120;

    public static BigInteger Of(double value)
    {
        if (value == 0) return BigInteger.Zero;
        var exponent = Math.ILogB(value) - 52;
        Assert.True(exponent + Scale >= 0, $"{value:R} is too small for this reference");
        return (BigInteger)Math.ScaleB(value, -exponent) << (exponent + Scale);
    }

    public static double Sum(ReadOnlySpan<double> window) => Ratio(Total(window), BigInteger.One << Scale);

    public static double Mean(ReadOnlySpan<double> window) => Ratio(Total(window), new BigInteger(window.Length) << Scale);

    /// <summary>The sum of products of the distances from the means, n times, in units of 2^-240: n sum(xy) - sum(x) sum(y).</summary>
    public static BigInteger Products(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var products = BigInteger.Zero;
        for (var i = 0; i < x.Length; i++) products += Of(x[i]) * Of(y[i]);
        return (products * x.Length) - (Total(x) * Total(y));
    }

    /// <summary>The mean of the given power of the distance from the mean.</summary>
    public static double CentralMoment(ReadOnlySpan<double> window, int power)
    {
        // (n x - sum)^power, all whole numbers.
        var total = Total(window);
        var sum = BigInteger.Zero;
        foreach (var value in window) sum += BigInteger.Pow((Of(value) * window.Length) - total, power);
        return Ratio(sum, BigInteger.Pow(window.Length, power + 1) << (power * Scale));
    }

    public static double Ratio(BigInteger numerator, BigInteger denominator)
    {
        if (numerator.IsZero) return denominator.IsZero ? double.NaN : 0;
        // Enough bits for the quotient to be right to the last one, whatever the sizes.
        var shift = Math.Max(0, (int)(denominator.GetBitLength() - BigInteger.Abs(numerator).GetBitLength()) + 80);
        return Math.ScaleB((double)((numerator << shift) / denominator), -shift);
    }

    private static BigInteger Total(ReadOnlySpan<double> window)
    {
        var total = BigInteger.Zero;
        foreach (var value in window) total += Of(value);
        return total;
    }
}
