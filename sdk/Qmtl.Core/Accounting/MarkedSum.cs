using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Core;

/// <summary>Values many positions at one moment, in vectors, to the last part of money.</summary>
/// <remarks>
/// A product of two integers below 2^52 is its rounded value plus the rest that a fused multiply-add returns, and a sum of two doubles is its rounded value
/// plus a rest as well (Knuth's two-sum). The rests are integers: as long as their sum stays below 2^53 it is exact, and so is the whole. Where that is not
/// certain there is no value, and the caller adds up in integers.
/// </remarks>
internal static class MarkedSum
{
    private const double LargestBound = FixedPoint.LargestExact * FixedPoint.LargestExact;

    /// <summary>Takes the prices that are there; zero ticks leave a mark as it was.</summary>
    public static void Take(ReadOnlySpan<Price> prices, Span<Price> marks)
    {
        marks = marks[..prices.Length];
        var from = MemoryMarshal.Cast<Price, Vector<long>>(prices);
        var to = MemoryMarshal.Cast<Price, Vector<long>>(marks);
        for (var i = 0; i < to.Length; i++) to[i] = Vector.ConditionalSelect(Vector.Equals(from[i], Vector<long>.Zero), to[i], from[i]);
        for (var i = to.Length * Vector<long>.Count; i < marks.Length; i++)
        {
            if (prices[i].Ticks != 0) marks[i] = prices[i];
        }
    }

    /// <summary>The sum of price times quantity, in parts of money.</summary>
    /// <param name="marks">The price of each position.</param>
    /// <param name="lots">The signed lots of each position.</param>
    /// <param name="shortsOnly">Leaves out what is held long.</param>
    /// <param name="value">The sum, when the return value is true.</param>
    /// <returns>False when a number is too large for this to be exact.</returns>
    public static bool TryValue(ReadOnlySpan<Price> marks, ReadOnlySpan<double> lots, bool shortsOnly, out Int128 value)
    {
        lots = lots[..marks.Length];
        var priceVectors = MemoryMarshal.Cast<Price, Vector<long>>(marks);
        var lotVectors = MemoryMarshal.Cast<double, Vector<double>>(lots)[..priceVectors.Length];
        var largest = shortsOnly ? Vector<double>.Zero : new Vector<double>(double.MaxValue);
        Vector<double> sum = default, rests = default, bound = default, widest = default;
        var tickBits = Vector<long>.Zero;
        for (var i = 0; i < priceVectors.Length; i++)
        {
            var ticks = Vector.ConvertToDouble(priceVectors[i]);
            var held = Vector.MinNative(lotVectors[i], largest);
            var product = held * ticks;
            var next = sum + product;
            var shifted = next - sum;
            rests += (sum - (next - shifted)) + (product - shifted) + Vector.FusedMultiplyAdd(held, ticks, -product);
            sum = next;
            bound += Vector.Abs(product);
            widest = Vector.MaxNative(widest, Vector.Abs(held));
            tickBits |= priceVectors[i];
        }

        value = 0;
        var exact = Vector.LessThanOrEqualAll(widest, new Vector<double>(FixedPoint.LargestExact))
            && (ulong)OrOf(tickBits) < (ulong)FixedPoint.LargestExact
            && Vector.Sum(bound) * marks.Length <= LargestBound;
        if (!exact) return false;
        for (var lane = 0; lane < Vector<double>.Count; lane++) value += (Int128)sum[lane] + (long)rests[lane];
        for (var i = priceVectors.Length * Vector<long>.Count; i < marks.Length; i++)
        {
            if (Math.Abs(lots[i]) > FixedPoint.LargestExact) return false;
            if (!shortsOnly || lots[i] < 0) value += Math.BigMul(marks[i].Ticks, (long)lots[i]);
        }

        return true;
    }

    private static long OrOf(Vector<long> values)
    {
        var bits = 0L;
        for (var lane = 0; lane < Vector<long>.Count; lane++) bits |= values[lane];
        return bits;
    }
}
