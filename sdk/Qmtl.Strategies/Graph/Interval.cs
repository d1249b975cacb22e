using System.Globalization;

namespace Qmtl.Strategies;

/// <summary>Bar intervals: seconds as a number, or with a unit.</summary>
public static class Interval
{
    /// <summary>The longest interval: one day.</summary>
    public const int MaxSeconds = 86_400;

    /// <summary>Reads "60", "60s", "1m", "4h" or "1d" as seconds from 1 to 86400.</summary>
    public static int Parse(string text)
    {
        var (digits, unit) = Split(text.Trim());
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && unit > 0 && (long)count * unit is >= 1 and <= MaxSeconds
            ? count * unit
            : throw Refuse.Parameter("interval", $"must be seconds from 1 to {MaxSeconds}, as \"60\", \"60s\", \"1m\", \"4h\" or \"1d\", was \"{text}\"");
    }

    /// <summary>The shortest text of an interval: 60 is "1m".</summary>
    public static string Format(int seconds) => seconds switch
    {
        _ when seconds % 86_400 == 0 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400}d"),
        _ when seconds % 3_600 == 0 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3_600}h"),
        _ when seconds % 60 == 0 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60}m"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
    };

    private static (string Digits, int Unit) Split(string text) => text switch
    {
        [.. var digits, 's'] => (digits, 1),
        [.. var digits, 'm'] => (digits, 60),
        [.. var digits, 'h'] => (digits, 3_600),
        [.. var digits, 'd'] => (digits, 86_400),
        _ => (text, 1),
    };
}
