using System.Globalization;

namespace Qmtl.Identity;

/// <summary>The text of a floating-point number in canonical JSON.</summary>
/// <remarks>
/// The shortest digits that read back as the same number, written as Python's <c>repr</c> writes them, so that identities agree
/// across languages: <c>1.0</c>, <c>0.1</c>, <c>1e-07</c>, <c>1e+17</c>. The exponent form is used below 1e-4 and from 1e16 on, with a
/// sign and at least two digits; integral values keep <c>.0</c>; negative zero is written as <c>0.0</c>.
/// </remarks>
public static class FloatText
{
    /// <summary>The longest text, for buffers: <c>-2.2250738585072014e-308</c>.</summary>
    public const int MaxLength = 24;

    /// <summary>The canonical text of <paramref name="value"/>, which must be finite.</summary>
    public static string Format(double value)
    {
        Span<char> buffer = stackalloc char[MaxLength];
        return buffer[..Format(value, buffer)].ToString();
    }

    /// <summary>Writes the canonical text of <paramref name="value"/>, which must be finite, and returns its length.</summary>
    public static int Format(double value, Span<char> destination)
    {
        if (!double.IsFinite(value)) throw new ArgumentOutOfRangeException(nameof(value), value, "A canonical number must be finite.");
        if (value == 0) return Put("0.0", destination, 0);

        // "E16" is not the shortest form and "R" decides by itself when to use an exponent, so "R" is taken apart.
        Span<char> raw = stackalloc char[32];
        var length = Shortest(value, raw);
        Span<char> digits = stackalloc char[24];
        var (count, exponent) = Decompose(raw[..length], digits);

        var at = 0;
        if (value < 0) destination[at++] = '-';
        return exponent is < -4 or >= 16
            ? PutScientific(digits[..count], exponent, destination, at)
            : PutFixed(digits[..count], exponent, destination, at);
    }

    // At a power of two the next smaller number is only half as far away as the next larger one. .NET's "R" overlooks that for some of them
    // (2^-958, for one) and gives digits that read back as the smaller number, so there the digits are sought by trial.
    private static int Shortest(double value, Span<char> text)
    {
        var isPowerOfTwo = (BitConverter.DoubleToUInt64Bits(value) & 0x000F_FFFF_FFFF_FFFF) == 0;
        value.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture);
        if (!isPowerOfTwo || ReadsBack(value, text[..length])) return length;
        foreach (var format in (ReadOnlySpan<string>)["E14", "E15"])
        {
            value.TryFormat(text, out length, format, CultureInfo.InvariantCulture);
            if (ReadsBack(value, text[..length])) return length;
        }

        // Seventeen digits always do.
        value.TryFormat(text, out length, "E16", CultureInfo.InvariantCulture);
        return length;
    }

    private static bool ReadsBack(double value, ReadOnlySpan<char> text) =>
        double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture).Equals(value);

    // Digits without leading or trailing zeros, and the power of ten of the first digit.
    private static (int Count, int Exponent) Decompose(ReadOnlySpan<char> text, Span<char> digits)
    {
        var mark = text.IndexOf('E');
        var exponent = mark < 0 ? 0 : int.Parse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = (mark < 0 ? text : text[..mark]).TrimStart('-');
        var point = mantissa.IndexOf('.');
        var whole = point < 0 ? mantissa.Length : point;

        var count = 0;
        var leadingZeros = 0;
        foreach (var c in mantissa)
        {
            if (c == '.') continue;
            if (count == 0 && c == '0') leadingZeros++;
            else digits[count++] = c;
        }

        var first = exponent + whole - 1 - leadingZeros;
        while (count > 1 && digits[count - 1] == '0') count--;
        return (count, first);
    }

    private static int PutScientific(ReadOnlySpan<char> digits, int exponent, Span<char> destination, int at)
    {
        destination[at++] = digits[0];
        if (digits.Length > 1)
        {
            destination[at++] = '.';
            at = Put(digits[1..], destination, at);
        }

        destination[at++] = 'e';
        destination[at++] = exponent < 0 ? '-' : '+';
        Math.Abs(exponent).TryFormat(destination[at..], out var written, "00", CultureInfo.InvariantCulture);
        return at + written;
    }

    private static int PutFixed(ReadOnlySpan<char> digits, int exponent, Span<char> destination, int at)
    {
        if (exponent < 0)
        {
            at = Put("0.", destination, at);
            at = PutZeros(-exponent - 1, destination, at);
            return Put(digits, destination, at);
        }

        var whole = Math.Min(exponent + 1, digits.Length);
        at = Put(digits[..whole], destination, at);
        at = PutZeros(exponent + 1 - whole, destination, at);
        destination[at++] = '.';
        return whole == digits.Length ? Put("0", destination, at) : Put(digits[whole..], destination, at);
    }

    private static int PutZeros(int count, Span<char> destination, int at)
    {
        destination.Slice(at, count).Fill('0');
        return at + count;
    }

    private static int Put(ReadOnlySpan<char> text, Span<char> destination, int at)
    {
        text.CopyTo(destination[at..]);
        return at + text.Length;
    }
}
