using System.Numerics;

namespace Qmtl.Core;

/// <summary>Integer arithmetic shared by the fixed-point types: the one place where a rounding can happen.</summary>
internal static class FixedPoint
{
    /// <summary>Ticks of a price and lots of a quantity per unit: 1e8.</summary>
    public const long UnitScale = 100_000_000;

    /// <summary>Parts of a rate per unit: 1e12.</summary>
    public const long RateScale = 1_000_000_000_000;

    /// <summary>Parts of money per unit: the product of the price and the quantity scale, so that price times quantity is exact.</summary>
    public const long MoneyScale = UnitScale * UnitScale;

    // Above 2^53 a double no longer distinguishes neighbouring integers; up to 2^63 the conversion itself is still exact.
    private const double LongLimit = 9.2e18;

    /// <summary><paramref name="value"/> x <paramref name="scale"/>, rounded half away from zero; false when it is not finite or does not fit.</summary>
    public static bool TryScale(double value, long scale, out long result)
    {
        var scaled = Math.Round(value * scale, MidpointRounding.AwayFromZero);
        if (!(Math.Abs(scaled) < LongLimit))
        {
            result = 0;
            return false;
        }

        result = (long)scaled;
        return true;
    }

    /// <summary><paramref name="value"/> x <paramref name="scale"/>, rounded half away from zero.</summary>
    public static long Scale(decimal value, long scale) => (long)Math.Round(value * scale, MidpointRounding.AwayFromZero);

    /// <summary>a x b / c with an unbounded intermediate product, rounded half away from zero.</summary>
    public static Int128 MultiplyDivide(Int128 a, Int128 b, Int128 c)
    {
        if (Fits(a, b))
        {
            var product = a * b;
            var (quotient, remainder) = Int128.DivRem(product, c);
            // |remainder| >= |c| - |remainder| says "at least half" without doubling, which could overflow.
            if (Int128.Abs(remainder) < Int128.Abs(c) - Int128.Abs(remainder)) return quotient;
            return Int128.IsNegative(product) == Int128.IsNegative(c) ? quotient + 1 : quotient - 1;
        }

        var wide = (BigInteger)a * (BigInteger)b;
        var rounded = BigInteger.DivRem(wide, (BigInteger)c, out var rest);
        if (BigInteger.Abs(rest) * 2 >= BigInteger.Abs((BigInteger)c)) rounded += wide.Sign * ((BigInteger)c).Sign;
        return checked((Int128)rounded);
    }

    /// <summary>a x b / c with an unbounded intermediate product, cut towards zero: what a limited amount can surely pay for.</summary>
    public static Int128 MultiplyDivideDown(Int128 a, Int128 b, Int128 c) =>
        Fits(a, b) ? a * b / c : checked((Int128)((BigInteger)a * (BigInteger)b / (BigInteger)c));

    private static bool Fits(Int128 a, Int128 b) => Bits(a) + Bits(b) <= 126;

    private static int Bits(Int128 value) => 128 - (int)Int128.LeadingZeroCount(Int128.Abs(value));
}
