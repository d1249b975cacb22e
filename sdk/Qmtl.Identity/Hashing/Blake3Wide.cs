using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Qmtl.Identity;

/// <summary>Eight BLAKE3 inputs at once: lane i of every vector belongs to input i.</summary>
/// <remarks>Worth its code for whole chunks (snapshots, data files). Node identities are far shorter and never come here.</remarks>
internal static class Blake3Wide
{
    public const int Lanes = 8;

    /// <summary>The largest subtree hashed in one go: 64 chunks, whose chaining values take 2 KB of stack.</summary>
    public const int MaxSubtreeChunks = 64;

    public static bool IsSupported => Avx2.IsSupported;

    private static ReadOnlySpan<byte> Schedule =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8,
        3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1,
        10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6,
        12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4,
        9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7,
        11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13,
    ];

    /// <summary>The chaining value of a complete subtree: <paramref name="input"/> is 8, 16, 32 or 64 whole chunks.</summary>
    public static void Subtree(ReadOnlySpan<byte> input, ReadOnlySpan<uint> key, ulong counter, uint flags, Span<uint> cv)
    {
        var nodes = input.Length / Blake3Block.ChunkBytes;
        Span<uint> cvs = stackalloc uint[MaxSubtreeChunks * Blake3Block.CvWords];
        for (var i = 0; i < nodes; i += Lanes)
        {
            var group = input.Slice(i * Blake3Block.ChunkBytes, Lanes * Blake3Block.ChunkBytes);
            var shape = new Shape(Blake3Block.ChunkBytes, Blake3Block.BlocksPerChunk, flags, Blake3Block.ChunkStart, Blake3Block.ChunkEnd);
            Hash8(group, shape, key, Counters(counter + (uint)i), cvs[(i * Blake3Block.CvWords)..]);
        }

        for (; nodes > 1; nodes /= 2) JoinPairs(cvs, nodes, key, flags | Blake3Block.Parent);
        cvs[..Blake3Block.CvWords].CopyTo(cv);
    }

    // In place: a parent is written where no unread child stands any more.
    private static void JoinPairs(Span<uint> cvs, int nodes, ReadOnlySpan<uint> key, uint flags)
    {
        var parents = nodes / 2;
        var done = 0;
        for (; parents - done >= Lanes; done += Lanes)
        {
            var children = MemoryMarshal.AsBytes(cvs.Slice(done * Blake3Block.BlockWords, Lanes * Blake3Block.BlockWords));
            Hash8(children, new Shape(Blake3Block.Bytes, 1, flags, 0, 0), key, default, cvs[(done * Blake3Block.CvWords)..]);
        }

        for (; done < parents; done++)
        {
            Blake3Block.CompressToCv(
                key, cvs.Slice(done * Blake3Block.BlockWords, Blake3Block.BlockWords), 0, Blake3Block.Bytes, flags, cvs[(done * Blake3Block.CvWords)..]);
        }
    }

    private readonly record struct Shape(int Stride, int Blocks, uint Flags, uint First, uint Last);

    private static (Vector256<uint> Low, Vector256<uint> High) Counters(ulong first)
    {
        Span<uint> low = stackalloc uint[Lanes];
        Span<uint> high = stackalloc uint[Lanes];
        for (var i = 0; i < Lanes; i++) (low[i], high[i]) = ((uint)(first + (uint)i), (uint)((first + (uint)i) >> 32));
        return (Vector256.Create(low), Vector256.Create(high));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Hash8(
        ReadOnlySpan<byte> input, Shape shape, ReadOnlySpan<uint> key, (Vector256<uint> Low, Vector256<uint> High) counters, Span<uint> output)
    {
        Span<Vector256<uint>> m = stackalloc Vector256<uint>[Blake3Block.BlockWords];
        Span<Vector256<uint>> h = stackalloc Vector256<uint>[Blake3Block.CvWords];
        for (var i = 0; i < h.Length; i++) h[i] = Vector256.Create(key[i]);

        for (var block = 0; block < shape.Blocks; block++)
        {
            Gather(input[(block * Blake3Block.Bytes)..], shape.Stride, m);
            var flags = shape.Flags | (block == 0 ? shape.First : 0) | (block == shape.Blocks - 1 ? shape.Last : 0);
            Compress8(h, m, counters, flags);
        }

        Transpose(h);
        for (var lane = 0; lane < Lanes; lane++) h[lane].CopyTo(output[(lane * Blake3Block.CvWords)..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress8(Span<Vector256<uint>> h, Span<Vector256<uint>> message, (Vector256<uint> Low, Vector256<uint> High) counters, uint flags)
    {
        Vector256<uint> v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3], v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];
        Vector256<uint> v8 = Vector256.Create(Blake3Block.Iv[0]), v9 = Vector256.Create(Blake3Block.Iv[1]);
        Vector256<uint> vA = Vector256.Create(Blake3Block.Iv[2]), vB = Vector256.Create(Blake3Block.Iv[3]);
        Vector256<uint> vC = counters.Low, vD = counters.High, vE = Vector256.Create((uint)Blake3Block.Bytes), vF = Vector256.Create(flags);

        // Both tables have fixed sizes and every index below is a table value under 16, so the accesses skip their range checks.
        ref var m = ref MemoryMarshal.GetReference(message);
        ref var s = ref MemoryMarshal.GetReference(Schedule);
        for (var round = 0; round < 7; round++)
        {
            G(ref v0, ref v4, ref v8, ref vC, ref m, ref s, 0);
            G(ref v1, ref v5, ref v9, ref vD, ref m, ref s, 2);
            G(ref v2, ref v6, ref vA, ref vE, ref m, ref s, 4);
            G(ref v3, ref v7, ref vB, ref vF, ref m, ref s, 6);
            G(ref v0, ref v5, ref vA, ref vF, ref m, ref s, 8);
            G(ref v1, ref v6, ref vB, ref vC, ref m, ref s, 10);
            G(ref v2, ref v7, ref v8, ref vD, ref m, ref s, 12);
            G(ref v3, ref v4, ref v9, ref vE, ref m, ref s, 14);
            s = ref Unsafe.Add(ref s, Blake3Block.BlockWords);
        }

        (h[0], h[1], h[2], h[3]) = (v0 ^ v8, v1 ^ v9, v2 ^ vA, v3 ^ vB);
        (h[4], h[5], h[6], h[7]) = (v4 ^ vC, v5 ^ vD, v6 ^ vE, v7 ^ vF);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void G(
        ref Vector256<uint> a, ref Vector256<uint> b, ref Vector256<uint> c, ref Vector256<uint> d, ref Vector256<uint> m, ref byte s, int at)
    {
        a += b + Unsafe.Add(ref m, Unsafe.Add(ref s, at));
        d = RotateRight16(d ^ a);
        c += d;
        b = RotateRight(b ^ c, 12);
        a += b + Unsafe.Add(ref m, Unsafe.Add(ref s, at + 1));
        d = RotateRight8(d ^ a);
        c += d;
        b = RotateRight(b ^ c, 7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather(ReadOnlySpan<byte> input, int stride, Span<Vector256<uint>> m)
    {
        for (var lane = 0; lane < Lanes; lane++)
        {
            var words = MemoryMarshal.Cast<byte, uint>(input.Slice(lane * stride, Blake3Block.Bytes));
            m[lane] = Vector256.Create(words);
            m[lane + Lanes] = Vector256.Create(words[Lanes..]);
        }

        Transpose(m[..Lanes]);
        Transpose(m[Lanes..]);
    }

    // An 8x8 transpose in three steps: interleave 32-bit words, interleave 64-bit pairs, swap 128-bit halves.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose(Span<Vector256<uint>> r)
    {
        var (a0, a1) = Interleave32(r[0], r[1]);
        var (a2, a3) = Interleave32(r[2], r[3]);
        var (a4, a5) = Interleave32(r[4], r[5]);
        var (a6, a7) = Interleave32(r[6], r[7]);
        var (b0, b1) = Interleave64(a0, a2);
        var (b2, b3) = Interleave64(a1, a3);
        var (b4, b5) = Interleave64(a4, a6);
        var (b6, b7) = Interleave64(a5, a7);
        (r[0], r[4]) = Halves(b0, b4);
        (r[1], r[5]) = Halves(b1, b5);
        (r[2], r[6]) = Halves(b2, b6);
        (r[3], r[7]) = Halves(b3, b7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<uint> Low, Vector256<uint> High) Interleave32(Vector256<uint> a, Vector256<uint> b) =>
        (Avx2.UnpackLow(a, b), Avx2.UnpackHigh(a, b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<uint> Low, Vector256<uint> High) Interleave64(Vector256<uint> a, Vector256<uint> b) =>
        (Avx2.UnpackLow(a.AsUInt64(), b.AsUInt64()).AsUInt32(), Avx2.UnpackHigh(a.AsUInt64(), b.AsUInt64()).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<uint> Low, Vector256<uint> High) Halves(Vector256<uint> a, Vector256<uint> b) =>
        (Avx2.Permute2x128(a, b, 0x20), Avx2.Permute2x128(a, b, 0x31));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RotateRight(Vector256<uint> value, [ConstantExpected] byte bits) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(value, bits) : (value >>> bits) | (value << (32 - bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RotateRight16(Vector256<uint> value) => Avx512F.VL.IsSupported
        ? Avx512F.VL.RotateRight(value, 16)
        : Avx2.Shuffle(value.AsByte(), Vector256.Create(Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13))).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> RotateRight8(Vector256<uint> value) => Avx512F.VL.IsSupported
        ? Avx512F.VL.RotateRight(value, 8)
        : Avx2.Shuffle(value.AsByte(), Vector256.Create(Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12))).AsUInt32();
}
