using System.Buffers;
using System.Globalization;
using System.Text;

namespace OpenTelemetry.Exporter.Prometheus;

/// <summary>Text being written as UTF-8, with the escapes and number forms of the two formats.</summary>
internal sealed class Utf8Text
{
    private readonly ArrayBufferWriter<byte> _buffer = new(64 * 1024);

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public Utf8Text Add(ReadOnlySpan<char> text)
    {
        Encoding.UTF8.GetBytes(text, _buffer);
        return this;
    }

    public Utf8Text Add(ReadOnlySpan<byte> utf8)
    {
        _buffer.Write(utf8);
        return this;
    }

    public Utf8Text Add(long value) => AddFormatted(value, default);

    /// <summary>The shortest text that reads back as the same number.</summary>
    public Utf8Text Add(double value) => double.IsFinite(value) ? AddFormatted(value, "R") : Add(NotFinite(value));

    /// <summary>A bucket bound in OpenMetrics: always visibly a float, so that <c>1</c> and <c>1.0</c> are not two series.</summary>
    public Utf8Text AddCanonical(double value)
    {
        if (!double.IsFinite(value)) return Add(NotFinite(value));
        var size = Math.Abs(value);
        if (size is not 0 and (< 1e-4 or >= 1e6)) return Add(value.ToString("0.################e+00", CultureInfo.InvariantCulture));
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return Add(text).Add(text.Contains('.', StringComparison.Ordinal) ? "" : ".0");
    }

    public Utf8Text AddSeconds(DateTimeOffset time) =>
        Add((time.ToUnixTimeMilliseconds() / 1000m).ToString("0.000", CultureInfo.InvariantCulture));

    public Utf8Text AddEscaped(string text, bool quotes)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return Add(quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped);
    }

    private static string NotFinite(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";

    private Utf8Text AddFormatted<T>(T value, ReadOnlySpan<char> format) where T : IUtf8SpanFormattable
    {
        var span = _buffer.GetSpan(64);
        if (!value.TryFormat(span, out var written, format, CultureInfo.InvariantCulture)) throw new InvalidOperationException("A number did not fit 64 bytes.");
        _buffer.Advance(written);
        return this;
    }
}
