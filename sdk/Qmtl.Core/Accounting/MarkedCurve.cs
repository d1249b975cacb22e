using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Core;

/// <summary>Values one unchanged position at many prices at once, in vectors.</summary>
/// <remarks>
/// The numbers are those of <see cref="Account.Mark(int, Price)"/> and <see cref="Money.ToDouble"/> at each price, to the last bit: every amount here is an
/// integer that doubles hold exactly in two parts. A product of two integers below 2^52 is its rounded value plus the rest that a fused multiply-add
/// returns; the sum with the remaining equity is a rounded sum plus its own rest; the rests are integers whose sum stays within 2^53, so it is exact too.
/// Their sum is rounded once, as the conversion of the 128-bit integer is. Prices and amounts beyond those limits are left to the account.
/// </remarks>
public static class MarkedCurve
{
    private const double LargestAmount = FixedPoint.LargestExact * FixedPoint.LargestExact;

    /// <summary>Values the account bar by bar, as long as it can.</summary>
    /// <param name="rest">Equity without the position.</param>
    /// <param name="held">The signed quantity held.</param>
    /// <param name="prices">The price of each bar.</param>
    /// <param name="equity">Receives the equity at each price.</param>
    /// <param name="weights">Receives the position's share of it; zero where equity is not above zero.</param>
    /// <returns>How many bars were valued: all, or those before the first price that is missing, not above zero on the grid, or too large.</returns>
    public static int Value(Money rest, Quantity held, ReadOnlySpan<double> prices, Span<double> equity, Span<double> weights)
    {
        if (Math.Abs((double)held.Lots) > FixedPoint.LargestExact || FixedPoint.ToDouble((UInt128)Int128.Abs(rest.Parts)) > LargestAmount) return 0;
        var high = (double)rest.Parts;
        var position = new Held(held.Lots, high, (double)(rest.Parts - (Int128)high));
        equity = equity[..prices.Length];
        weights = weights[..prices.Length];
        var done = position.ValueVectors(prices, equity, weights);
        while (done < prices.Length && position.TryValue(prices[done], out equity[done], out weights[done])) done++;
        return done;
    }

    /// <summary>The position's lots, and the rest of the equity as the sum of two doubles.</summary>
    private readonly struct Held(double lots, double restHigh, double restLow)
    {
        public int ValueVectors(ReadOnlySpan<double> prices, Span<double> equity, Span<double> weights)
        {
            var priceVectors = MemoryMarshal.Cast<double, Vector<double>>(prices);
            var equityVectors = MemoryMarshal.Cast<double, Vector<double>>(equity);
            var weightVectors = MemoryMarshal.Cast<double, Vector<double>>(weights);
            var (quantity, high, low) = (new Vector<double>(lots), new Vector<double>(restHigh), new Vector<double>(restLow));
            var unit = new Vector<double>((double)Money.PartsPerUnit);
            for (var i = 0; i < equityVectors.Length; i++)
            {
                var ticks = FixedPoint.NearestTicks(priceVectors[i]);
                if (!FixedPoint.AreTicks(ticks)) return i * Vector<double>.Count;
                var value = quantity * ticks;
                var valueRest = Vector.FusedMultiplyAdd(quantity, ticks, -value);
                var sum = high + value;
                var shifted = sum - high;
                var sumRest = (high - (sum - shifted)) + (value - shifted);
                var total = (sum + (sumRest + low + valueRest)) / unit;
                equityVectors[i] = total;
                weightVectors[i] = Vector.ConditionalSelect(Vector.GreaterThan(total, Vector<double>.Zero), value / unit / total, Vector<double>.Zero);
            }

            return equityVectors.Length * Vector<double>.Count;
        }

        public bool TryValue(double price, out double equity, out double weight)
        {
            var ticks = FixedPoint.NearestTicks(price);
            (equity, weight) = (0, 0);
            if (!FixedPoint.AreTicks(ticks)) return false;
            var value = lots * ticks;
            var valueRest = Math.FusedMultiplyAdd(lots, ticks, -value);
            var sum = restHigh + value;
            var shifted = sum - restHigh;
            var sumRest = (restHigh - (sum - shifted)) + (value - shifted);
            equity = (sum + (sumRest + restLow + valueRest)) / Money.PartsPerUnit;
            weight = equity > 0 ? value / Money.PartsPerUnit / equity : 0;
            return true;
        }
    }
}
