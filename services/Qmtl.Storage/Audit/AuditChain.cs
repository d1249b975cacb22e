using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Qmtl.Storage.Audit;

/// <summary>The hash of an entry: SHA-256 over every field, each with its length, and the hash before it.</summary>
internal static class AuditChain
{
    private const byte FormatVersion = 1;

    /// <summary>What the first entry of a chain follows.</summary>
    public static byte[] Root { get; } = new byte[SHA256.HashSizeInBytes];

    public static byte[] Hash(long sequence, DateTimeOffset at, AuditEntry entry, ReadOnlySpan<byte> previous)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([FormatVersion]);
        hash.AppendData(previous);
        AppendNumber(hash, sequence);
        AppendNumber(hash, UnixTime.ToNanoseconds(at));
        foreach (var text in (ReadOnlySpan<string?>)[entry.WorldId, entry.Actor, entry.Event, entry.Stage, entry.CorrelationId, entry.Request, entry.Result])
            AppendText(hash, text);
        return hash.GetHashAndReset();
    }

    private static void AppendNumber(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }

    // The length keeps ("ab", "c") and ("a", "bc") apart; null and "" differ.
    private static void AppendText(IncrementalHash hash, string? text)
    {
        AppendNumber(hash, text is null ? -1 : Encoding.UTF8.GetByteCount(text));
        if (text is not null) hash.AppendData(Encoding.UTF8.GetBytes(text));
    }
}
