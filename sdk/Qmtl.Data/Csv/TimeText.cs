using System.Buffers.Binary;
using System.Buffers.Text;

namespace Qmtl.Data;

/// <summary>Reads the times of one file: ISO-8601, or epoch seconds or milliseconds.</summary>
/// <remarks>Neighbouring rows share their date, so the last one is remembered.</remarks>
internal sealed class TimeText
{
    private const long NanosecondsPerDay = 86_400L * BarTime.NanosecondsPerSecond;

    // Seconds stay below this until the year 5138, milliseconds are above it since 1973.
    private const long FirstMilliseconds = 100_000_000_000;
    private const long MaxMilliseconds = 9_223_372_036_854;

    private ulong _lastYearMonth;
    private ushort _lastDay;
    private long _lastDate;

    /// <summary>The nanoseconds of the time that is the whole of <paramref name="text"/>. A time without an offset is UTC.</summary>
    public bool TryParse(ReadOnlySpan<byte> text, out long nanoseconds) =>
        text.Length >= 10 && text[4] == '-' ? TryParseIso(text, out nanoseconds) : TryParseEpoch(text, out nanoseconds);

    private static bool TryParseEpoch(ReadOnlySpan<byte> text, out long nanoseconds)
    {
        nanoseconds = 0;
        if (!Utf8Parser.TryParse(text, out long value, out var used) || used != text.Length || Math.Abs(value) > MaxMilliseconds) return false;
        nanoseconds = Math.Abs(value) < FirstMilliseconds && Math.Abs(value) <= long.MaxValue / BarTime.NanosecondsPerSecond
            ? value * BarTime.NanosecondsPerSecond
            : value * 1_000_000;
        return true;
    }

    private bool TryParseIso(ReadOnlySpan<byte> text, out long nanoseconds)
    {
        nanoseconds = 0;
        if (!TryDate(text, out var date)) return false;
        var rest = text[10..];
        if (rest.IsEmpty)
        {
            nanoseconds = date;
            return true;
        }

        if (rest.Length < 6 || rest[0] is not ((byte)'T' or (byte)' ' or (byte)'t')) return false;
        if (!TryClock(rest[1..], out var clock, out var used) || !TryOffset(rest[(1 + used)..], out var offset)) return false;
        nanoseconds = date + clock - offset;
        return true;
    }

    private bool TryDate(ReadOnlySpan<byte> text, out long date)
    {
        var yearMonth = BinaryPrimitives.ReadUInt64LittleEndian(text);
        var dayText = BinaryPrimitives.ReadUInt16LittleEndian(text[8..]);
        date = _lastDate;
        if (yearMonth == _lastYearMonth && dayText == _lastDay) return true;

        if (text[7] != '-' || !TryDigits(text, 0, 4, out var year) || !TryDigits(text, 5, 2, out var month) || !TryDigits(text, 8, 2, out var day)) return false;
        // Nanoseconds in 64 bits reach from 1677 to 2262.
        if (year is < 1678 or > 2261 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)) return false;
        date = (new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc) - DateTime.UnixEpoch).Days * NanosecondsPerDay;
        (_lastYearMonth, _lastDay, _lastDate) = (yearMonth, dayText, date);
        return true;
    }

    private static bool TryClock(ReadOnlySpan<byte> text, out long clock, out int used)
    {
        clock = 0;
        used = 8;
        if (text.Length >= used && text[5] == ':')
            return TryWholeClock(BinaryPrimitives.ReadUInt64LittleEndian(text), ref clock) && (used == text.Length || text[used] != '.' || TryFraction(text, ref clock, ref used));

        used = 5;
        if (text.Length < used || text[2] != ':' || !TryDigits(text, 0, 2, out var hour) || !TryDigits(text, 3, 2, out var minute) || hour > 23 || minute > 59) return false;
        clock = ((hour * 3600L) + (minute * 60)) * BarTime.NanosecondsPerSecond;
        return true;
    }

    /// <summary>HH:MM:SS, eight characters at once, the first in the lowest byte.</summary>
    private static bool TryWholeClock(ulong text, ref long clock)
    {
        const ulong Zeros = 0x30303A30303A3030, Sixes = 0x0606000606000606, NoDigit = 0xF0F0FFF0F0FFF0F0;
        var digits = text ^ Zeros;
        // A digit stays below sixteen when six is added; where a colon belongs, nothing may be left.
        if (((digits | (digits + Sixes)) & NoDigit) != 0) return false;
        var pairs = (digits * 10) + (digits >> 8);
        var (hour, minute, second) = ((byte)pairs, (byte)(pairs >> 24), (byte)(pairs >> 48));
        if (hour > 23 || minute > 59 || second > 59) return false;
        clock = ((hour * 3600L) + (minute * 60) + second) * BarTime.NanosecondsPerSecond;
        return true;
    }

    private static bool TryFraction(ReadOnlySpan<byte> text, ref long clock, ref int used)
    {
        var scale = BarTime.NanosecondsPerSecond;
        var at = used + 1;
        for (; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++)
        {
            scale /= 10;
            clock += (text[at] - '0') * scale;
        }

        var any = at > used + 1;
        used = at;
        return any;
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out long offset)
    {
        offset = 0;
        if (text.IsEmpty || (text.Length == 1 && text[0] is (byte)'Z' or (byte)'z')) return true;
        if (text.Length is not (5 or 6) || text[0] is not ((byte)'+' or (byte)'-') || (text.Length == 6 && text[3] != ':')) return false;
        if (!TryDigits(text, 1, 2, out var hours) || !TryDigits(text, text.Length - 2, 2, out var minutes) || hours > 14 || minutes > 59) return false;
        offset = ((hours * 3600L) + (minutes * 60)) * BarTime.NanosecondsPerSecond * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, int start, int count, out int value)
    {
        value = 0;
        for (var i = start; i < start + count; i++)
        {
            var digit = (uint)(text[i] - '0');
            if (digit > 9) return false;
            value = (value * 10) + (int)digit;
        }

        return true;
    }
}
