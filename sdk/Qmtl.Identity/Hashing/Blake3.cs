using System.Buffers.Binary;
using System.Text;

namespace Qmtl.Identity;

/// <summary>The BLAKE3 hash function: one-shot forms, without allocation unless they return text.</summary>
/// <remarks>Plain, keyed and derive-key modes as published by the BLAKE3 authors; output of any length.</remarks>
public static class Blake3
{
    /// <summary>Bytes of a key, and of the usual output.</summary>
    public const int DigestBytes = 32;

    /// <summary>Hashes <paramref name="input"/> and fills <paramref name="output"/>, whatever its length.</summary>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> output) => Run(Blake3Block.Iv, 0, input, output);

    /// <summary>Hashes <paramref name="input"/> under a 32-byte key.</summary>
    public static void KeyedHash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> output)
    {
        Span<uint> words = stackalloc uint[Blake3Block.CvWords];
        LoadKey(key, words);
        Run(words, Blake3Block.KeyedHash, input, output);
    }

    /// <summary>Derives key material for the purpose that <paramref name="context"/> names, a hard-coded text of the application.</summary>
    public static void DeriveKey(string context, ReadOnlySpan<byte> material, Span<byte> output)
    {
        Span<uint> words = stackalloc uint[Blake3Block.CvWords];
        LoadContext(context, words);
        Run(words, Blake3Block.DeriveKeyMaterial, material, output);
    }

    /// <summary>The 256-bit hash as 64 lower-case hexadecimal digits.</summary>
    public static string HashHex(ReadOnlySpan<byte> input) => HashHex(input, DigestBytes);

    /// <summary>The hash of <paramref name="bytes"/> bytes as lower-case hexadecimal digits.</summary>
    public static string HashHex(ReadOnlySpan<byte> input, int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Span<byte> output = bytes <= 256 ? stackalloc byte[bytes] : new byte[bytes];
        Hash(input, output);
        return Convert.ToHexStringLower(output);
    }

    internal static void LoadKey(ReadOnlySpan<byte> key, Span<uint> words)
    {
        if (key.Length != DigestBytes) throw new ArgumentException($"A BLAKE3 key has {DigestBytes} bytes; this one has {key.Length}.", nameof(key));
        for (var i = 0; i < Blake3Block.CvWords; i++) words[i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(4 * i)..]);
    }

    internal static void LoadContext(string context, Span<uint> words)
    {
        ArgumentNullException.ThrowIfNull(context);
        Span<byte> key = stackalloc byte[DigestBytes];
        Run(Blake3Block.Iv, Blake3Block.DeriveKeyContext, Encoding.UTF8.GetBytes(context), key);
        LoadKey(key, words);
    }

    private static void Run(ReadOnlySpan<uint> key, uint flags, ReadOnlySpan<byte> input, Span<byte> output)
    {
        var state = new Blake3State(key, flags);
        state.Update(input);
        state.Finish(output);
    }
}

/// <summary>An incremental BLAKE3 computation: feed it in any number of pieces, read any length of output at any time.</summary>
/// <remarks>Not safe for use by several threads at once.</remarks>
public sealed class Blake3Hasher
{
    private Blake3State _state;

    /// <summary>A plain hash.</summary>
    public Blake3Hasher()
        : this(Blake3Block.Iv, 0)
    {
    }

    private Blake3Hasher(ReadOnlySpan<uint> key, uint flags) => _state = new Blake3State(key, flags);

    /// <summary>A hash under a 32-byte key.</summary>
    public static Blake3Hasher CreateKeyed(ReadOnlySpan<byte> key)
    {
        Span<uint> words = stackalloc uint[Blake3Block.CvWords];
        Blake3.LoadKey(key, words);
        return new Blake3Hasher(words, Blake3Block.KeyedHash);
    }

    /// <summary>A key derivation for the purpose that <paramref name="context"/> names.</summary>
    public static Blake3Hasher CreateDeriveKey(string context)
    {
        Span<uint> words = stackalloc uint[Blake3Block.CvWords];
        Blake3.LoadContext(context, words);
        return new Blake3Hasher(words, Blake3Block.DeriveKeyMaterial);
    }

    /// <summary>Adds input.</summary>
    public void Update(ReadOnlySpan<byte> input) => _state.Update(input);

    /// <summary>Fills <paramref name="output"/>, whatever its length, with the hash of all input so far; more input may follow.</summary>
    public void Finish(Span<byte> output) => _state.Finish(output);

    /// <summary>Forgets all input; key and mode stay.</summary>
    public void Reset() => _state.Reset();
}
