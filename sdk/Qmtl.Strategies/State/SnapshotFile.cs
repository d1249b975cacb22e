using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>Snapshots as bytes: a header in JSON, the state, and a checksum over everything before it.</summary>
/// <remarks>
/// Layout, little-endian: the eight characters <c>QMTLSNP1</c>, the header's length (4 bytes), the header, the state's length (8 bytes), the
/// state as 64-bit floating-point numbers, and 32 bytes of BLAKE3. A file that ends early, goes on after its end or has a changed bit is refused.
/// </remarks>
public static class SnapshotFile
{
    private const int ChecksumLength = 32;
    private const int MaxLength = 1 << 30;

    private static ReadOnlySpan<byte> Magic => "QMTLSNP1"u8;

    /// <summary>Writes a snapshot.</summary>
    /// <returns>Bytes written.</returns>
    public static async Task<int> WriteAsync(Stream stream, RunSnapshot snapshot, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(snapshot);
        var bytes = Encode(snapshot);
        await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        return bytes.Length;
    }

    /// <summary>Reads a snapshot up to the end of the stream.</summary>
    /// <exception cref="RefusalException">The bytes are torn, altered, or no snapshot.</exception>
    public static async Task<RunSnapshot> ReadAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (buffer.Length > MaxLength) throw Invalid("is larger than a snapshot can be");
        return Decode(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    private static byte[] Encode(RunSnapshot snapshot)
    {
        var header = Encoding.UTF8.GetBytes(CanonicalJson.Write(ToValue(snapshot.Meta)));
        var bytes = new byte[Magic.Length + sizeof(int) + header.Length + sizeof(long) + snapshot.State.Length + ChecksumLength];
        var rest = bytes.AsSpan();
        Magic.CopyTo(rest);
        rest = rest[Magic.Length..];
        BinaryPrimitives.WriteInt32LittleEndian(rest, header.Length);
        rest = rest[sizeof(int)..];
        header.CopyTo(rest);
        rest = rest[header.Length..];
        BinaryPrimitives.WriteInt64LittleEndian(rest, snapshot.State.Length);
        rest = rest[sizeof(long)..];
        snapshot.State.CopyTo(rest);
        ToLittleEndian(rest[..snapshot.State.Length]);
        Convert.FromHexString(Blake3.HashHex(bytes.AsSpan(..^ChecksumLength))).CopyTo(bytes, bytes.Length - ChecksumLength);
        return bytes;
    }

    private static RunSnapshot Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Magic.Length || !bytes.StartsWith(Magic)) throw Invalid("does not begin like one");
        if (bytes.Length < Magic.Length + sizeof(int) + sizeof(long) + ChecksumLength) throw Invalid("ends early");
        var content = bytes[..^ChecksumLength];
        if (!Convert.FromHexString(Blake3.HashHex(content)).AsSpan().SequenceEqual(bytes[^ChecksumLength..]))
            throw new RefusalException(ReasonCodes.SnapshotHashMismatch, "The snapshot's checksum is wrong: it is torn or was altered. Take a new one, or start without it.");
        content = content[Magic.Length..];
        var header = Section(ref content, BinaryPrimitives.ReadInt32LittleEndian(content), sizeof(int));
        if (content.Length < sizeof(long)) throw Invalid("ends early");
        var state = Section(ref content, BinaryPrimitives.ReadInt64LittleEndian(content), sizeof(long)).ToArray();
        if (!content.IsEmpty || state.Length % sizeof(double) != 0) throw Invalid("has bytes that belong to nothing");
        ToLittleEndian(state);
        var meta = ReadMeta(header.ToArray());
        return string.Equals(meta.StateHash, RunSnapshot.HashOf(state), StringComparison.Ordinal)
            ? new RunSnapshot(meta, state)
            : throw new RefusalException(ReasonCodes.SnapshotHashMismatch, "The snapshot's state is not the one its header names.");
    }

    private static ReadOnlySpan<byte> Section(ref ReadOnlySpan<byte> content, long length, int prefix)
    {
        content = content[prefix..];
        if (length < 0 || length > content.Length) throw Invalid("ends early");
        var section = content[..(int)length];
        content = content[(int)length..];
        return section;
    }

    private static void ToLittleEndian(Span<byte> state)
    {
        if (BitConverter.IsLittleEndian) return;
        var words = MemoryMarshal.Cast<byte, long>(state);
        BinaryPrimitives.ReverseEndianness(words, words);
    }

    private static CanonicalValue ToValue(SnapshotMeta meta) => CanonicalValue.Map(
        ("created_at", CanonicalValue.Of(meta.CreatedAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture))),
        ("nodes", CanonicalValue.List(meta.Nodes.Select(node => CanonicalValue.Map(
            ("interval", CanonicalValue.Of(node.Interval)),
            ("key", CanonicalValue.Of(node.Key)),
            ("period", CanonicalValue.Of(node.Period)),
            ("schema_compat_id", CanonicalValue.Of(node.SchemaCompatId)))))),
        ("plan_id", CanonicalValue.Of(meta.PlanId)),
        ("runtime_fingerprint", CanonicalValue.Of(meta.RuntimeFingerprint)),
        ("state_hash", CanonicalValue.Of(meta.StateHash)),
        ("wm_ts", CanonicalValue.Of(meta.Watermark)));

    private static SnapshotMeta ReadMeta(byte[] header)
    {
        try
        {
            using var document = JsonDocument.Parse(header);
            var root = document.RootElement;
            return new SnapshotMeta
            {
                PlanId = root.GetProperty("plan_id").GetString()!,
                Nodes = [.. root.GetProperty("nodes").EnumerateArray().Select(node => new SnapshotNode(
                    node.GetProperty("key").GetString()!, node.GetProperty("interval").GetInt32(), node.GetProperty("period").GetInt32(), node.GetProperty("schema_compat_id").GetString()!))],
                RuntimeFingerprint = root.GetProperty("runtime_fingerprint").GetString()!,
                StateHash = root.GetProperty("state_hash").GetString()!,
                Watermark = root.GetProperty("wm_ts").GetInt64(),
                CreatedAt = root.GetProperty("created_at").GetDateTimeOffset(),
            };
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw Invalid("has a header that cannot be read");
        }
    }

    private static RefusalException Invalid(string problem) => new(ReasonCodes.SnapshotInvalid, $"This is no snapshot: it {problem}.");
}
