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
        if (values.Length > MostToCompare)
        {
            Sort(values, below, upTo, scratch);
            return;
        }

        CountBy<Less>(values, below);
        // Among n different numbers the counts are 0 .. n - 1; each pair of equal ones takes one from their sum.
        var sum = 0.0;
        foreach (var count in below) sum += count;
        if (sum == 0.5 * values.Length * (values.Length - 1)) AddOne(below, upTo);
        else CountBy<NotGreater>(values, upTo);
    }

    /// <summary>Counts for each value how many others compare to it. The lanes of a vector are values being counted for, so that none needs to be summed up.</summary>
    private static void CountBy<TComparison>(ReadOnlySpan<double> values, Span<double> counts)
        where TComparison : struct, IComparison
    {
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values);
        var at = 0;
        for (; at + 4 <= vectors.Length; at += 4)
        {
            Vector<double> a = vectors[at], b = vectors[at + 1], c = vectors[at + 2], d = vectors[at + 3];
            Vector<long> countA = default, countB = default, countC = default, countD = default;
            foreach (var value in values)
            {
                // A comparison is -1 where it holds.
                var other = new Vector<double>(value);
                countA -= TComparison.Holds(other, a);
                countB -= TComparison.Holds(other, b);
                countC -= TComparison.Holds(other, c);
                countD -= TComparison.Holds(other, d);
            }

            var written = MemoryMarshal.Cast<double, Vector<double>>(counts).Slice(at, 4);
            written[0] = Vector.ConvertToDouble(countA);
            written[1] = Vector.ConvertToDouble(countB);
            written[2] = Vector.ConvertToDouble(countC);
            written[3] = Vector.ConvertToDouble(countD);
        }

        for (var i = at * Vector<double>.Count; i < values.Length; i++) counts[i] = CountOne<TComparison>(values, values[i]);
    }

    private static double CountOne<TComparison>(ReadOnlySpan<double> values, double value)
        where TComparison : struct, IComparison
    {
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values);
        var each = new Vector<double>(value);
        Vector<long> count = default;
        foreach (var other in vectors) count -= TComparison.Holds(other, each);
        var sum = Vector.Sum(count);
        foreach (var other in values[(vectors.Length * Vector<double>.Count)..]) sum += TComparison.Holds(other, value) ? 1 : 0;
        return sum;
    }

    private static void AddOne(ReadOnlySpan<double> counts, Span<double> results)
    {
        for (var i = 0; i < results.Length; i++) results[i] = counts[i] + 1;
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

    private interface IComparison
    {
        static abstract bool Holds(double other, double value);

        static abstract Vector<long> Holds(Vector<double> other, Vector<double> value);
    }

    private readonly struct Less : IComparison
    {
        public static bool Holds(double other, double value) => other < value;

        public static Vector<long> Holds(Vector<double> other, Vector<double> value) => Vector.LessThan(other, value);
    }

    private readonly struct NotGreater : IComparison
    {
        public static bool Holds(double other, double value) => other <= value;

        public static Vector<long> Holds(Vector<double> other, Vector<double> value) => Vector.LessThanOrEqual(other, value);
    }
}
