using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Qmtl.Data;

/// <summary>Reads decimal numbers from UTF-8, correctly rounded.</summary>
internal static class NumberText
{
    private const int ExactDigits = 15;
    private const int MaxExactPower = 22;
    private const ulong MaxExactInteger = 1UL << 53;

    private static readonly double[] PowersOfTen =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <summary>The number that is the whole of <paramref name="text"/>. Infinity and NaN are no numbers here.</summary>
    /// <remarks>
    /// Up to 15 digits the digits are an exact integer and the power of ten an exact double, so that one division rounds correctly; that is
    /// every price there is. Anything else goes to the framework's parser.
    /// </remarks>
    public static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        var i = text.Length > 0 && text[0] == '-' ? 1 : 0;
        long digits = 0;
        var point = -1;
        var start = i;
        for (; i < text.Length; i++)
        {
            var digit = (uint)(text[i] - '0');
            if (digit <= 9) digits = (digits * 10) + digit;
            else if (text[i] == '.' && point < 0) point = i;
            else return TryParseGeneral(text, out value);
            if (i - start > ExactDigits) return TryParseGeneral(text, out value);
        }

        var decimals = point < 0 ? 0 : text.Length - point - 1;
        if (i - start - (point < 0 ? 0 : 1) is 0 or > ExactDigits || decimals > MaxExactPower) return TryParseGeneral(text, out value);
        value = digits / PowersOfTen[decimals];
        if (start == 1) value = -value;
        return true;
    }

    /// <summary>The number that is exactly <c>text[start..end]</c>, where it has the usual form; false says nothing but "read it with <see cref="TryParse"/>".</summary>
    /// <remarks>
    /// The usual form is an optional minus, up to 16 characters of digits and at most one point, and enough text before it to load whole vectors
    /// that end with the cell. All digits are converted at once. The result is correctly rounded for the reason given at <see cref="TryParse"/>: digits
    /// that make an exact double (up to 2^53), divided by an exact power of ten.
    /// </remarks>
    public static bool TryParseUsual(ReadOnlySpan<byte> text, int start, int end, out double value)
    {
        value = 0;
        if (!BitConverter.IsLittleEndian || end <= Vector128<byte>.Count || (uint)end > (uint)text.Length || (uint)start >= (uint)end) return false;
        ref var origin = ref MemoryMarshal.GetReference(text);
        var negative = Unsafe.Add(ref origin, start) == '-';
        var length = end - start - (negative ? 1 : 0);
        if (length is 0 or > 16) return false;

        var digits = (Vector128.LoadUnsafe(ref origin, (nuint)(end - 16)) - Vector128.Create((byte)'0')) & Last(length);
        var points = Vector128.Equals(digits, Vector128.Create(unchecked((byte)('.' - '0')))).ExtractMostSignificantBits();
        var decimals = 0;
        if (points != 0)
        {
            if (!BitOperations.IsPow2(points) || length == 1) return false;
            decimals = 15 - BitOperations.TrailingZeroCount(points);
            // Everything before the point moves one place up and covers it.
            var moved = (Vector128.LoadUnsafe(ref origin, (nuint)(end - 17)) - Vector128.Create((byte)'0')) & Last(length - 1);
            digits = Vector128.ConditionalSelect(Last(decimals), digits, moved);
        }

        if (Vector128.GreaterThanAny(digits, Vector128.Create((byte)9))) return false;
        var halves = digits.AsUInt64();
        var mantissa = (EightDigits(halves[0]) * 100_000_000) + EightDigits(halves[1]);
        if (mantissa > MaxExactInteger) return false;
        var magnitude = mantissa / PowersOfTen[decimals];
        value = negative ? -magnitude : magnitude;
        return true;
    }

    /// <summary>All bits in the last <paramref name="count"/> bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Last(int count) => Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(Masks), (nuint)count);

    private static ReadOnlySpan<byte> Masks =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    ];

    /// <summary>The number whose decimal digits are the eight bytes, the first digit in the lowest one: pairs, then fours, then all eight.</summary>
    private static ulong EightDigits(ulong digits)
    {
        const ulong Pairs = 0x000000FF_000000FF;
        digits = (digits * 10) + (digits >> 8);
        return (((digits & Pairs) * ((1_000_000UL << 32) + 100)) + (((digits >> 16) & Pairs) * ((10_000UL << 32) + 1))) >> 32;
    }

    private static bool TryParseGeneral(ReadOnlySpan<byte> text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
}
