using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Qmtl.Identity;

/// <summary>The hash that chains audit entries: SHA-256 over every field, each with its length, and the hash before it.</summary>
/// <remarks>Here rather than beside the table, so that whoever holds an export can check it without the service that wrote it.</remarks>
public static class AuditChain
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashBytes = SHA256.HashSizeInBytes;

    private const byte FormatVersion = 1;

    /// <summary>What the first entry of a chain follows: zeros.</summary>
    public static ReadOnlyMemory<byte> Root { get; } = new byte[HashBytes];

    /// <summary>The hash of one entry.</summary>
    /// <param name="sequence">Place in the chain, from 1.</param>
    /// <param name="atNanoseconds">When, in nanoseconds since 1970-01-01 UTC.</param>
    /// <param name="fields">World, actor, event, stage, correlation id, request and result, in this order, as UTF-8; null where absent.</param>
    /// <param name="previous">The hash before.</param>
    public static byte[] Hash(long sequence, long atNanoseconds, ReadOnlySpan<byte[]?> fields, ReadOnlySpan<byte> previous)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([FormatVersion]);
        hash.AppendData(previous);
        AppendNumber(hash, sequence);
        AppendNumber(hash, atNanoseconds);
        // The length keeps ("ab", "c") and ("a", "bc") apart; absent and empty differ.
        foreach (var field in fields)
        {
            AppendNumber(hash, field is null ? -1 : field.Length);
            if (field is not null) hash.AppendData(field);
        }

        return hash.GetHashAndReset();
    }

    private static void AppendNumber(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }
}

/// <summary>A place in a chain that was noted down: what stands up to it can no longer be rewritten unseen.</summary>
/// <param name="Sequence">The place, from 1.</param>
/// <param name="Hash">The hash that stood there, 64 hex digits in lower case.</param>
public sealed record AuditAnchor(long Sequence, string Hash)
{
    /// <summary>Reads <c>sequence:hash</c>; null when it is not one.</summary>
    public static AuditAnchor? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || !long.TryParse(text.AsSpan(0, colon), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var sequence)) return null;
        var hash = text[(colon + 1)..].ToLowerInvariant();
        return sequence > 0 && hash.Length == 2 * AuditChain.HashBytes && hash.All(char.IsAsciiHexDigitLower) ? new AuditAnchor(sequence, hash) : null;
    }
}

/// <summary>Checks a chain entry by entry, from the first on.</summary>
/// <param name="anchor">A place noted before, or null.</param>
public sealed class AuditChainCheck(AuditAnchor? anchor = null)
{
    private byte[] _head = AuditChain.Root.ToArray();

    /// <summary>Entries that fit so far.</summary>
    public long Entries { get; private set; }

    /// <summary>The hash of the last of them; zeros before the first.</summary>
    public ReadOnlyMemory<byte> Head => _head;

    /// <summary><see cref="Head"/> in hex.</summary>
    public string HeadHex => Convert.ToHexStringLower(_head);

    /// <summary>Takes in the next entry.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    /// <inheritdoc cref="AuditChain.Hash"/>
    public string? Add(long sequence, long atNanoseconds, ReadOnlySpan<byte[]?> fields, ReadOnlySpan<byte> previous, ReadOnlySpan<byte> hash)
    {
        if (sequence != Entries + 1) return FormattableString.Invariant($"Entry {Entries + 1} is missing.");
        if (!previous.SequenceEqual(_head)) return "The entry does not follow the one before it.";
        if (!hash.SequenceEqual(AuditChain.Hash(sequence, atNanoseconds, fields, previous))) return "The entry was changed after it was written.";
        if (anchor?.Sequence == sequence && !string.Equals(anchor.Hash, Convert.ToHexStringLower(hash), StringComparison.Ordinal)) return "The chain was rewritten: another entry stood here when its hash was noted.";
        Entries = sequence;
        _head = hash.ToArray();
        return null;
    }

    /// <summary>Ends the chain.</summary>
    /// <returns>What is wrong with its end, or null.</returns>
    public string? End() => anchor is { } noted && noted.Sequence > Entries ? FormattableString.Invariant($"The chain ends before the noted entry {noted.Sequence}: entries are missing at the end.") : null;
}
