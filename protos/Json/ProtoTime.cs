using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;

namespace Qmtl.Protos;

/// <summary>Times and durations as text: RFC 3339 with "Z", and seconds with "s".</summary>
public static partial class ProtoTime
{
    private const long MaxDurationSeconds = 315_576_000_000;
    private const string MinText = "0001-01-01T00:00:00Z";

    /// <summary>The canonical text: UTC, "Z", and 0, 3, 6 or 9 digits of fraction.</summary>
    public static string Text(Timestamp timestamp)
    {
        ArgumentNullException.ThrowIfNull(timestamp);
        if (timestamp.Nanos is < 0 or > 999_999_999 || timestamp.Seconds is < -62_135_596_800 or > 253_402_300_799) return MinText;
        return DateTimeOffset.FromUnixTimeSeconds(timestamp.Seconds).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) + Fraction(timestamp.Nanos) + "Z";
    }

    /// <summary>The canonical text: seconds, 0, 3, 6 or 9 digits of fraction, and "s".</summary>
    public static string Text(Duration duration)
    {
        ArgumentNullException.ThrowIfNull(duration);
        var sign = duration.Seconds < 0 || duration.Nanos < 0 ? "-" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{UInt128.CreateTruncating(Int128.Abs(duration.Seconds))}{Fraction(Math.Abs(duration.Nanos))}s");
    }

    /// <summary>Reads RFC 3339 text; any offset is taken and turned to UTC.</summary>
    public static Timestamp? ParseTimestamp(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (TimestampText().Match(text) is not { Success: true } match) return null;
        var offset = match.Groups["offset"].Value is "z" ? "Z" : match.Groups["offset"].Value;
        if (!DateTimeOffset.TryParseExact(
            $"{match.Groups["date"].Value}T{match.Groups["time"].Value}{offset}", "yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)) return null;
        return new Timestamp { Seconds = time.ToUnixTimeSeconds(), Nanos = Nanos(match.Groups["fraction"].Value) };
    }

    /// <summary>Reads seconds with "s".</summary>
    public static Duration? ParseDuration(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (DurationText().Match(text) is not { Success: true } match) return null;
        var sign = match.Groups["sign"].Length > 0 ? -1 : 1;
        if (!long.TryParse(match.Groups["seconds"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > MaxDurationSeconds) return null;
        return new Duration { Seconds = sign * seconds, Nanos = sign * Nanos(match.Groups["fraction"].Value) };
    }

    private static int Nanos(string fraction) => fraction.Length == 0 ? 0 : int.Parse(fraction.PadRight(9, '0'), NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Fraction(int nanos)
    {
        if (nanos == 0) return "";
        var digits = nanos.ToString("D9", CultureInfo.InvariantCulture);
        return "." + (nanos % 1_000_000 == 0 ? digits[..3] : nanos % 1_000 == 0 ? digits[..6] : digits);
    }

    [GeneratedRegex(@"^(?<date>\d{4}-\d\d-\d\d)[Tt ](?<time>\d\d:\d\d:\d\d)(\.(?<fraction>\d{1,9}))?(?<offset>[Zz]|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TimestampText();

    [GeneratedRegex(@"^(?<sign>-)?(?<seconds>\d{1,12})(\.(?<fraction>\d{1,9}))?s\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex DurationText();
}
