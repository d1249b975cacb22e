using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Qmtl.Data;

/// <summary>Finds the commas and line ends of a block of text, 32 bytes at a time.</summary>
internal static class DelimiterScan
{
    /// <summary>Writes the positions of ',' and '\n' in order; false when a quote shows that the text is not in the regular form.</summary>
    /// <param name="text">The text.</param>
    /// <param name="positions">At least as long as <paramref name="text"/>.</param>
    /// <param name="count">How many were found.</param>
    public static bool TryFind(ReadOnlySpan<byte> text, Span<int> positions, out int count)
    {
        count = 0;
        if (positions.Length < text.Length) throw new ArgumentException("There may be as many delimiters as bytes.", nameof(positions));
        ref var start = ref MemoryMarshal.GetReference(text);
        ref var next = ref MemoryMarshal.GetReference(positions);
        var at = 0;
        var commas = Vector256.Create((byte)',');
        var ends = Vector256.Create((byte)'\n');
        var quotes = Vector256.Create((byte)'"');
        for (; at <= text.Length - Vector256<byte>.Count; at += Vector256<byte>.Count)
        {
            var block = Vector256.LoadUnsafe(ref start, (nuint)at);
            if (Vector256.EqualsAny(block, quotes)) return false;
            var found = Vector256.ExtractMostSignificantBits(Vector256.Equals(block, commas) | Vector256.Equals(block, ends));
            while (found != 0)
            {
                Unsafe.Add(ref next, count++) = at + BitOperations.TrailingZeroCount(found);
                found &= found - 1;
            }
        }

        for (; at < text.Length; at++)
        {
            var c = text[at];
            if (c == '"') return false;
            if (c is (byte)',' or (byte)'\n') positions[count++] = at;
        }

        return true;
    }
}
