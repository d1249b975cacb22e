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

    /// <summary>Up to here, an integer in a double leaves room for the exact rest of a product.</summary>
    public const double LargestExact = 1L << 52;

    // The largest double below one half: adding it and cutting rounds halves away from zero, where adding one half would also move what lies just below.
    private const double AlmostHalf = 0.49999999999999994;

    private const double TwoTo52 = 1L << 52, TwoTo64 = 18_446_744_073_709_551_616.0, TwoTo104 = TwoTo52 * TwoTo52;
    private const ulong TwoTo52Bits = 0x433UL << 52, TwoTo104Bits = 0x467UL << 52;

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

    /// <summary>Prices above zero in ticks, rounded half away from zero; see <see cref="AreTicks(Vector{double})"/>.</summary>
    public static Vector<double> NearestTicks(Vector<double> prices) => Vector.Truncate((prices * UnitScale) + new Vector<double>(AlmostHalf));

    /// <summary>A price above zero in ticks, rounded half away from zero; see <see cref="AreTicks(double)"/>.</summary>
    public static double NearestTicks(double price) => Math.Truncate((price * UnitScale) + AlmostHalf);

    /// <summary>Whether all are prices of at least one tick that doubles hold exactly. A missing one is not.</summary>
    public static bool AreTicks(Vector<double> ticks) =>
        Vector.GreaterThanOrEqualAll(ticks, Vector<double>.One) && Vector.LessThanOrEqualAll(ticks, new Vector<double>(LargestExact));

    /// <summary>Whether this is a price of at least one tick that a double holds exactly. A missing one is not.</summary>
    public static bool AreTicks(double ticks) => ticks is >= 1 and <= LargestExact;

    /// <summary>a x b / c with an unbounded intermediate product, rounded half away from zero.</summary>
    public static Int128 MultiplyDivide(Int128 a, Int128 b, Int128 c)
    {
        if (b == c) return a;
        if (Fits(a, b))
        {
            var product = a * b;
            var negative = Int128.IsNegative(product) != Int128.IsNegative(c);
            var divisor = (UInt128)Int128.Abs(c);
            var quotient = Divide((UInt128)Int128.Abs(product), divisor, out var remainder);
            // remainder >= divisor - remainder says "at least half" without doubling, which could overflow.
            if (remainder >= divisor - remainder) quotient++;
            return negative ? -(Int128)quotient : (Int128)quotient;
        }

        var wide = (BigInteger)a * (BigInteger)b;
        var rounded = BigInteger.DivRem(wide, (BigInteger)c, out var rest);
        if (BigInteger.Abs(rest) * 2 >= BigInteger.Abs((BigInteger)c)) rounded += wide.Sign * ((BigInteger)c).Sign;
        return checked((Int128)rounded);
    }

    /// <summary>a x b / c with an unbounded intermediate product, cut towards zero: what a limited amount can surely pay for.</summary>
    public static Int128 MultiplyDivideDown(Int128 a, Int128 b, Int128 c)
    {
        if (!Fits(a, b)) return checked((Int128)((BigInteger)a * (BigInteger)b / (BigInteger)c));
        var product = a * b;
        var quotient = (Int128)Divide((UInt128)Int128.Abs(product), (UInt128)Int128.Abs(c), out _);
        return Int128.IsNegative(product) == Int128.IsNegative(c) ? quotient : -quotient;
    }

    /// <summary>The nearest double, ties to even.</summary>
    public static double ToDouble(UInt128 value)
    {
        if ((ulong)(value >> 104) != 0) return (double)value;

        // 52 bits fill the fraction of 2^52 exactly, and the next 52 that of 2^104: both halves convert without rounding, so their sum is rounded once.
        const ulong Fraction = (1UL << 52) - 1;
        var low = BitConverter.UInt64BitsToDouble(TwoTo52Bits | ((ulong)value & Fraction)) - TwoTo52;
        var high = BitConverter.UInt64BitsToDouble(TwoTo104Bits | (ulong)(value >> 52)) - TwoTo104;
        return high + low;
    }

    /// <summary>The quotient, cut towards zero, and the remainder.</summary>
    /// <remarks>
    /// The framework divides by 64 bits in hardware, but by more than that digit by digit. Such a quotient has less than 64 bits, so that two estimates in
    /// floating point find it to within one: each is too small by construction, and what it leaves is exact.
    /// </remarks>
    internal static UInt128 Divide(UInt128 value, UInt128 divisor, out UInt128 remainder)
    {
        UInt128 quotient;
        if ((ulong)(divisor >> 64) == 0)
        {
            (quotient, remainder) = UInt128.DivRem(value, divisor);
            return quotient;
        }

        const double Below = 1 - (1.0 / (1L << 49));
        var reciprocal = Below / Approximate(divisor);
        quotient = (ulong)(Approximate(value) * reciprocal);
        remainder = value - (quotient * divisor);
        var rest = (ulong)(Approximate(remainder) * reciprocal);
        quotient += rest;
        remainder -= rest * divisor;
        while (remainder >= divisor)
        {
            quotient++;
            remainder -= divisor;
        }

        return quotient;
    }

    // To within two units of the last place, which is all an estimate needs.
    private static double Approximate(UInt128 value) => ((ulong)(value >> 64) * TwoTo64) + (ulong)value;

    private static bool Fits(Int128 a, Int128 b) => Bits(a) + Bits(b) <= 126;

    private static int Bits(Int128 value) => 128 - (int)Int128.LeadingZeroCount(Int128.Abs(value));
}
