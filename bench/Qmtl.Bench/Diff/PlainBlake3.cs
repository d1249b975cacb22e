using System.Buffers.Binary;
using System.Numerics;

namespace Qmtl.Bench.Diff;

/// <summary>BLAKE3 as its authors' paper describes it, one word at a time: what the vectors are compared with.</summary>
internal static class PlainBlake3
{
    private const int BlockBytes = 64;
    private const int ChunkBytes = 1024;
    private const uint ChunkStart = 1;
    private const uint ChunkEnd = 2;
    private const uint Parent = 4;
    private const uint Root = 8;

    private static readonly uint[] Iv = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];
    private static readonly int[] Permutation = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];

    public static void Hash(ReadOnlySpan<byte> input, Span<byte> digest)
    {
        Span<uint> cv = stackalloc uint[8];
        Subtree(input, 0, Root, cv);
        for (var i = 0; i < cv.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(digest[(4 * i)..], cv[i]);
    }

    private static void Subtree(ReadOnlySpan<byte> input, ulong chunk, uint root, Span<uint> cv)
    {
        if (input.Length <= ChunkBytes)
        {
            Chunk(input, chunk, root, cv);
            return;
        }

        var chunks = (input.Length + ChunkBytes - 1) / ChunkBytes;
        var left = (int)BitOperations.RoundUpToPowerOf2((uint)chunks) / 2;
        Span<uint> words = stackalloc uint[16];
        Subtree(input[..(left * ChunkBytes)], chunk, 0, words[..8]);
        Subtree(input[(left * ChunkBytes)..], chunk + (ulong)left, 0, words[8..]);
        Iv.CopyTo(cv);
        Compress(cv, words, 0, BlockBytes, Parent | root);
    }

    private static void Chunk(ReadOnlySpan<byte> input, ulong chunk, uint root, Span<uint> cv)
    {
        Iv.CopyTo(cv);
        Span<byte> block = stackalloc byte[BlockBytes];
        Span<uint> words = stackalloc uint[16];
        var flags = ChunkStart;
        do
        {
            var length = Math.Min(BlockBytes, input.Length);
            block.Clear();
            input[..length].CopyTo(block);
            for (var i = 0; i < words.Length; i++) words[i] = BinaryPrimitives.ReadUInt32LittleEndian(block[(4 * i)..]);
            input = input[length..];
            Compress(cv, words, chunk, length, input.IsEmpty ? flags | ChunkEnd | root : flags);
            flags = 0;
        }
        while (!input.IsEmpty);
    }

    private static void Compress(Span<uint> cv, ReadOnlySpan<uint> block, ulong counter, int length, uint flags)
    {
        Span<uint> v = stackalloc uint[16];
        Span<uint> m = stackalloc uint[16];
        Span<uint> next = stackalloc uint[16];
        cv.CopyTo(v);
        Iv.AsSpan(0, 4).CopyTo(v[8..]);
        (v[12], v[13], v[14], v[15]) = ((uint)counter, (uint)(counter >> 32), (uint)length, flags);
        block.CopyTo(m);
        for (var round = 0; round < 7; round++)
        {
            for (var column = 0; column < 4; column++) Mix(v, column, 4 + column, 8 + column, 12 + column, m[2 * column], m[(2 * column) + 1]);
            for (var diagonal = 0; diagonal < 4; diagonal++)
                Mix(v, diagonal, 4 + ((diagonal + 1) % 4), 8 + ((diagonal + 2) % 4), 12 + ((diagonal + 3) % 4), m[8 + (2 * diagonal)], m[9 + (2 * diagonal)]);
            for (var i = 0; i < 16; i++) next[i] = m[Permutation[i]];
            next.CopyTo(m);
        }

        for (var i = 0; i < 8; i++) cv[i] = v[i] ^ v[i + 8];
    }

    private static void Mix(Span<uint> v, int a, int b, int c, int d, uint x, uint y)
    {
        v[a] += v[b] + x;
        v[d] = BitOperations.RotateRight(v[d] ^ v[a], 16);
        v[c] += v[d];
        v[b] = BitOperations.RotateRight(v[b] ^ v[c], 12);
        v[a] += v[b] + y;
        v[d] = BitOperations.RotateRight(v[d] ^ v[a], 8);
        v[c] += v[d];
        v[b] = BitOperations.RotateRight(v[b] ^ v[c], 7);
    }
}
