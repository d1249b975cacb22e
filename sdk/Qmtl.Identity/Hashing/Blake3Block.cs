using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Qmtl.Identity;

/// <summary>The BLAKE3 compression function for one 64-byte block, four state words per vector.</summary>
/// <remarks>The kernels skip tier 0, which neither inlines nor folds shuffles, so that even a first hash is fast.</remarks>
internal static class Blake3Block
{
    public const int Bytes = 64;
    public const int ChunkBytes = 1024;
    public const int BlocksPerChunk = ChunkBytes / Bytes;
    public const int CvWords = 8;
    public const int BlockWords = 16;

    public const uint ChunkStart = 1;
    public const uint ChunkEnd = 2;
    public const uint Parent = 4;
    public const uint Root = 8;
    public const uint KeyedHash = 16;
    public const uint DeriveKeyContext = 32;
    public const uint DeriveKeyMaterial = 64;

    public static ReadOnlySpan<uint> Iv =>
        [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    /// <summary>Compresses <paramref name="words"/> under <paramref name="cv"/> and keeps the first half of the state: the next chaining value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CompressToCv(ReadOnlySpan<uint> cv, ReadOnlySpan<uint> words, ulong counter, int length, uint flags, Span<uint> next)
    {
        var (a, b, c, d) = Mix(cv, words, counter, length, flags);
        (a ^ c).CopyTo(next);
        (b ^ d).CopyTo(next[4..]);
    }

    /// <summary>Compresses and keeps the whole state: 16 words of extendable output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CompressToOutput(ReadOnlySpan<uint> cv, ReadOnlySpan<uint> words, ulong counter, int length, uint flags, Span<uint> output)
    {
        var (a, b, c, d) = Mix(cv, words, counter, length, flags);
        (a ^ c).CopyTo(output);
        (b ^ d).CopyTo(output[4..]);
        (c ^ Vector128.Create(cv)).CopyTo(output[8..]);
        (d ^ Vector128.Create(cv[4..])).CopyTo(output[12..]);
    }

    /// <summary>Reads a block as little-endian words; what is missing at its end is zero.</summary>
    public static void Load(ReadOnlySpan<byte> block, Span<uint> words)
    {
        var bytes = MemoryMarshal.AsBytes(words[..BlockWords]);
        block.CopyTo(bytes);
        bytes[block.Length..].Clear();
        if (!BitConverter.IsLittleEndian) BinaryPrimitives.ReverseEndianness(words, words);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<uint> A, Vector128<uint> B, Vector128<uint> C, Vector128<uint> D) Mix(
        ReadOnlySpan<uint> cv, ReadOnlySpan<uint> words, ulong counter, int length, uint flags)
    {
        var a = Vector128.Create(cv);
        var b = Vector128.Create(cv[4..]);
        var c = Vector128.Create(Iv);
        var d = Vector128.Create((uint)counter, (uint)(counter >> 32), (uint)length, flags);
        var m = words[..BlockWords];

        // The seven message orders of the specification: even positions feed the columns and diagonals first, odd ones second.
        Round(ref a, ref b, ref c, ref d, m, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        Round(ref a, ref b, ref c, ref d, m, 2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8);
        Round(ref a, ref b, ref c, ref d, m, 3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1);
        Round(ref a, ref b, ref c, ref d, m, 10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6);
        Round(ref a, ref b, ref c, ref d, m, 12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4);
        Round(ref a, ref b, ref c, ref d, m, 9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7);
        Round(ref a, ref b, ref c, ref d, m, 11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13);
        return (a, b, c, d);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d, ReadOnlySpan<uint> m,
        int m0, int m1, int m2, int m3, int m4, int m5, int m6, int m7, int m8, int m9, int mA, int mB, int mC, int mD, int mE, int mF)
    {
        Quarter(ref a, ref b, ref c, ref d, Vector128.Create(m[m0], m[m2], m[m4], m[m6]), Vector128.Create(m[m1], m[m3], m[m5], m[m7]));
        // Rotating the rows turns the diagonals into columns; afterwards they are turned back.
        b = Vector128.Shuffle(b, Vector128.Create(1u, 2, 3, 0));
        c = Vector128.Shuffle(c, Vector128.Create(2u, 3, 0, 1));
        d = Vector128.Shuffle(d, Vector128.Create(3u, 0, 1, 2));
        Quarter(ref a, ref b, ref c, ref d, Vector128.Create(m[m8], m[mA], m[mC], m[mE]), Vector128.Create(m[m9], m[mB], m[mD], m[mF]));
        b = Vector128.Shuffle(b, Vector128.Create(3u, 0, 1, 2));
        c = Vector128.Shuffle(c, Vector128.Create(2u, 3, 0, 1));
        d = Vector128.Shuffle(d, Vector128.Create(1u, 2, 3, 0));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(
        ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d, Vector128<uint> x, Vector128<uint> y)
    {
        a += b + x;
        d = RotateRight16(d ^ a);
        c += d;
        b = RotateRight(b ^ c, 12);
        a += b + y;
        d = RotateRight8(d ^ a);
        c += d;
        b = RotateRight(b ^ c, 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> RotateRight(Vector128<uint> value, [ConstantExpected] byte bits) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(value, bits) : (value >>> bits) | (value << (32 - bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> RotateRight16(Vector128<uint> value) => Avx512F.VL.IsSupported
        ? Avx512F.VL.RotateRight(value, 16)
        : Vector128.Shuffle(value.AsByte(), Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> RotateRight8(Vector128<uint> value) => Avx512F.VL.IsSupported
        ? Avx512F.VL.RotateRight(value, 8)
        : Vector128.Shuffle(value.AsByte(), Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)).AsUInt32();
}
