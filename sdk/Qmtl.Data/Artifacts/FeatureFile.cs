using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Qmtl.Identity;

namespace Qmtl.Data;

/// <summary>An artifact as bytes: a header in JSON, the column of times, the column of values, and a checksum over everything before it.</summary>
/// <remarks>
/// Little-endian: the eight characters <c>QMTLFEA1</c>, the header's length (4 bytes), the header, as many 64-bit integers as the header says, as many
/// 64-bit floating-point numbers, and 32 bytes of BLAKE3. What is torn, altered or of another key is refused.
/// </remarks>
internal static class FeatureFile
{
    private const int ChecksumLength = 32;
    private const int ValueLength = sizeof(long);

    private static ReadOnlySpan<byte> Magic => "QMTLFEA1"u8;

    public static string HashOf(ReadOnlySpan<long> times, ReadOnlySpan<double> values)
    {
        var bytes = new byte[(times.Length + values.Length) * ValueLength];
        WriteColumns(bytes, times, values);
        return NodeId.Prefix + Blake3.HashHex(bytes);
    }

    public static byte[] Encode(FeatureSeries series)
    {
        var header = Encoding.UTF8.GetBytes(CanonicalJson.Write(ToValue(series.Info)));
        var bytes = new byte[Magic.Length + sizeof(int) + header.Length + (2 * ValueLength * series.Times.Length) + ChecksumLength];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Magic.Length), header.Length);
        var start = Magic.Length + sizeof(int);
        header.CopyTo(bytes.AsSpan(start));
        WriteColumns(bytes.AsSpan(start + header.Length), series.Times.Span, series.Values.Span);
        Convert.FromHexString(Blake3.HashHex(bytes.AsSpan(..^ChecksumLength))).CopyTo(bytes, bytes.Length - ChecksumLength);
        return bytes;
    }

    /// <summary>Reads an artifact back; <paramref name="path"/> is for messages.</summary>
    public static FeatureSeries Decode(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Magic.Length + sizeof(int) + ChecksumLength || !bytes.StartsWith(Magic)) throw Invalid(path, "is no feature artifact");
        var content = bytes[..^ChecksumLength];
        if (!Convert.FromHexString(Blake3.HashHex(content)).AsSpan().SequenceEqual(bytes[^ChecksumLength..])) throw Invalid(path, "is torn or was altered: its checksum is wrong");
        var length = BinaryPrimitives.ReadInt32LittleEndian(content[Magic.Length..]);
        content = content[(Magic.Length + sizeof(int))..];
        if (length < 0 || length > content.Length) throw Invalid(path, "has a header that ends behind the file");
        var info = ReadInfo(path, content[..length].ToArray());
        content = content[length..];
        if (content.Length != 2L * ValueLength * info.Count) throw Invalid(path, "does not have as many values as its header says");
        var times = new long[info.Count];
        var values = new double[info.Count];
        for (var i = 0; i < times.Length; i++)
        {
            times[i] = BinaryPrimitives.ReadInt64LittleEndian(content[(i * ValueLength)..]);
            values[i] = BinaryPrimitives.ReadDoubleLittleEndian(content[((times.Length + i) * ValueLength)..]);
        }

        return new FeatureSeries(info, times, values);
    }

    private static void WriteColumns(Span<byte> bytes, ReadOnlySpan<long> times, ReadOnlySpan<double> values)
    {
        for (var i = 0; i < times.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes[(i * ValueLength)..], times[i]);
            BinaryPrimitives.WriteDoubleLittleEndian(bytes[((times.Length + i) * ValueLength)..], values[i]);
        }
    }

    private static CanonicalValue ToValue(FeatureArtifactInfo info) => CanonicalValue.Map(
        ("config_hash", CanonicalValue.Of(info.Key.ConfigHash)),
        ("content_hash", CanonicalValue.Of(info.ContentHash)),
        ("count", CanonicalValue.Of(info.Count)),
        ("created_at", CanonicalValue.Of(info.CreatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture))),
        ("dataset_fingerprint", CanonicalValue.Of(info.Key.DatasetFingerprint)),
        ("factor", CanonicalValue.Of(info.Key.Factor)),
        ("instrument", CanonicalValue.Of(info.Key.Instrument)),
        ("interval", CanonicalValue.Of(info.Key.IntervalSeconds)),
        ("version", CanonicalValue.Of(info.Version)));

    private static FeatureArtifactInfo ReadInfo(string path, byte[] header)
    {
        try
        {
            using var document = JsonDocument.Parse(header);
            var root = document.RootElement;
            string Text(string name) => root.GetProperty(name).GetString() ?? throw Invalid(path, $"has a header without {name}");
            return new FeatureArtifactInfo(
                new FeatureArtifactKey(Text("factor"), root.GetProperty("interval").GetInt32(), Text("config_hash"), Text("instrument"), Text("dataset_fingerprint")),
                root.GetProperty("version").GetInt32(),
                root.GetProperty("count").GetInt32(),
                Text("content_hash"),
                root.GetProperty("created_at").GetDateTimeOffset());
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Invalid(path, "has a header that cannot be read");
        }
    }

    private static RefusalException Invalid(string path, string problem) => new(ReasonCodes.DataInvalid, $"{path} {problem}. Delete it and write the artifact again.");
}
