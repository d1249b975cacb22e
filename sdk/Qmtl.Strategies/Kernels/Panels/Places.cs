using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Strategies;

/// <summary>Where each of some numbers stands among all of them.</summary>
internal static class Places
{
    /// <summary>Up to here comparing each with each, in vectors, is faster than sorting.</summary>
    private const int MostToCompare = 160;

    /// <summary>Counts for each value how many are smaller, and how many are not greater (itself among them).</summary>
    /// <param name="values">The numbers; none is missing.</param>
    /// <param name="below">How many are smaller.</param>
    /// <param name="upTo">How many are smaller or equal.</param>
    /// <param name="scratch">Two rows of memory.</param>
    public static void Count(ReadOnlySpan<double> values, Span<double> below, Span<double> upTo, Span<double> scratch)
    {
        if (values.Length <= MostToCompare) Compare(values, below, upTo);
        else Sort(values, below, upTo, scratch);
    }

    private static void Compare(ReadOnlySpan<double> values, Span<double> below, Span<double> upTo)
    {
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values);
        var rest = values[(vectors.Length * Vector<double>.Count)..];
        for (var i = 0; i < values.Length; i++)
        {
            var value = values[i];
            var each = new Vector<double>(value);
            // A comparison is -1 where it holds.
            Vector<long> less = default, notGreater = default;
            foreach (var other in vectors)
            {
                less += Vector.LessThan(other, each);
                notGreater += Vector.LessThanOrEqual(other, each);
            }

            var smaller = -Vector.Sum(less);
            var smallerOrEqual = -Vector.Sum(notGreater);
            foreach (var other in rest)
            {
                if (other < value) smaller++;
                if (other <= value) smallerOrEqual++;
            }

            below[i] = smaller;
            upTo[i] = smallerOrEqual;
        }
    }

    private static void Sort(ReadOnlySpan<double> values, Span<double> below, Span<double> upTo, Span<double> scratch)
    {
        var sorted = scratch[..values.Length];
        var order = MemoryMarshal.Cast<double, int>(scratch.Slice(values.Length, values.Length))[..values.Length];
        values.CopyTo(sorted);
        for (var i = 0; i < order.Length; i++) order[i] = i;
        sorted.Sort(order);
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            for (end = start + 1; end < sorted.Length && sorted[end] == sorted[start];) end++;
            for (var i = start; i < end; i++)
            {
                below[order[i]] = start;
                upTo[order[i]] = end;
            }
        }
    }
}
