using System.Globalization;

namespace Qmtl.Data;

/// <summary>Reads decimal numbers from UTF-8, correctly rounded.</summary>
internal static class NumberText
{
    private const int ExactDigits = 15;
    private const int MaxExactPower = 22;

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

    private static bool TryParseGeneral(ReadOnlySpan<byte> text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
}
