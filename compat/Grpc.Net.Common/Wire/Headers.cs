using System.Globalization;
using System.Text;
using Grpc.Core;

namespace Grpc.Net.Wire;

/// <summary>Header names of the protocol, and how values are written in them.</summary>
internal static class Headers
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";
    public const string Timeout = "grpc-timeout";
    public const string PreviousAttempts = "grpc-previous-rpc-attempts";
    public const string RetryPushback = "grpc-retry-pushback-ms";

    /// <summary>In a call's metadata, asks this library to compress; it does not travel.</summary>
    public const string CompressionRequest = "grpc-internal-encoding-request";

    /// <summary>The specification allows eight digits.</summary>
    public const long MaxTimeoutValue = 99_999_999;

    private static readonly (char Unit, long Ticks)[] TimeoutUnits =
    [
        ('n', 0), ('u', TimeSpan.TicksPerMicrosecond), ('m', TimeSpan.TicksPerMillisecond), ('S', TimeSpan.TicksPerSecond), ('M', TimeSpan.TicksPerMinute), ('H', TimeSpan.TicksPerHour),
    ];

    public static bool IsGrpcContentType(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is ';' or '+');

    public static string Value(Metadata.Entry entry) => entry.IsBinary ? Convert.ToBase64String(entry.ValueBytes) : entry.Value;

    /// <summary>Adds a received header; several binary values may arrive in one, separated by commas.</summary>
    public static void AddReceived(Metadata metadata, string name, string value)
    {
        if (!name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase))
        {
            metadata.Add(name, value);
            return;
        }

        foreach (var part in value.Split(',', StringSplitOptions.TrimEntries)) metadata.Add(name, FromBase64(part));
    }

    /// <summary>A timeout as the header carries it: exact in the finest unit whose value still fits.</summary>
    public static string FormatTimeout(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero) return "1n";
        foreach (var (unit, ticks) in TimeoutUnits.AsSpan(2))
        {
            // Rounded up: a server that gives up before the caller does helps nobody.
            var value = (timeout.Ticks + ticks - 1) / ticks;
            if (value <= MaxTimeoutValue) return value.ToString(CultureInfo.InvariantCulture) + unit;
        }

        return MaxTimeoutValue.ToString(CultureInfo.InvariantCulture) + "H";
    }

    public static bool TryParseTimeout(string? text, out TimeSpan timeout)
    {
        timeout = TimeSpan.Zero;
        if (text is not { Length: >= 2 and <= 9 } || !long.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return false;
        foreach (var (unit, ticks) in TimeoutUnits)
        {
            if (unit != text[^1]) continue;
            timeout = TimeSpan.FromTicks(ticks == 0 ? value / 100 : value * ticks);
            return true;
        }

        return false;
    }

    /// <summary>Percent-encodes a status message: UTF-8, with everything but printable ASCII (and the percent sign) escaped.</summary>
    public static string EncodeMessage(string message)
    {
        if (message.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && !message.Contains('%', StringComparison.Ordinal)) return message;
        var encoded = new StringBuilder(message.Length + 16);
        foreach (var octet in System.Text.Encoding.UTF8.GetBytes(message))
        {
            if (octet is >= 0x20 and <= 0x7E and not (byte)'%') encoded.Append((char)octet);
            else encoded.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
        }

        return encoded.ToString();
    }

    /// <summary>The reverse; malformed escapes stay as they are.</summary>
    public static string DecodeMessage(string message) => Uri.UnescapeDataString(message);

    private static byte[] FromBase64(string text)
    {
        // Padding is optional on the wire.
        var padded = (text.Length % 4) switch
        {
            2 => text + "==",
            3 => text + "=",
            _ => text,
        };
        return Convert.FromBase64String(padded);
    }
}
