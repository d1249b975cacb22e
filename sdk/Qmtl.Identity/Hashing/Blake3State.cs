using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Qmtl.Identity;

/// <summary>A BLAKE3 computation in progress, as a value: the one-shot functions keep it on the stack.</summary>
internal struct Blake3State
{
    private Words8 _key;
    private Words8 _chunkCv;
    private Bytes64 _block;
    private CvStack _stack;
    private int _stackDepth;
    private int _blockLength;
    private int _blocksDone;
    private uint _flags;
    private ulong _chunk;

    public Blake3State(ReadOnlySpan<uint> key, uint flags)
    {
        key[..Blake3Block.CvWords].CopyTo(_key);
        _chunkCv = _key;
        _flags = flags;
    }

    /// <summary>Starts anew under the same key and mode.</summary>
    public void Reset()
    {
        _stackDepth = 0;
        StartChunk(0);
    }

    // A chunk or subtree is closed only when more input follows: the last one may be the root, which is compressed differently.
    public void Update(ReadOnlySpan<byte> input)
    {
        while (!input.IsEmpty)
        {
            if (ChunkLength == Blake3Block.ChunkBytes) CloseChunk();
            if (ChunkLength == 0 && SubtreeChunks(input.Length) is var chunks and > 0)
            {
                var length = chunks * Blake3Block.ChunkBytes;
                CloseSubtree(input[..length], chunks);
                input = input[length..];
                continue;
            }

            var take = Math.Min(Blake3Block.ChunkBytes - ChunkLength, input.Length);
            UpdateChunk(input[..take]);
            input = input[take..];
        }
    }

    /// <summary>Writes as much output as <paramref name="output"/> holds; the computation may go on afterwards.</summary>
    public readonly void Finish(Span<byte> output)
    {
        Span<uint> words = stackalloc uint[Blake3Block.BlockWords];
        Span<uint> cv = stackalloc uint[Blake3Block.CvWords];
        Blake3Block.Load(((ReadOnlySpan<byte>)_block)[.._blockLength], words);
        ((ReadOnlySpan<uint>)_chunkCv).CopyTo(cv);
        var (counter, length, flags) = (_chunk, _blockLength, _flags | StartFlag | Blake3Block.ChunkEnd);

        ReadOnlySpan<uint> stack = _stack;
        for (var depth = _stackDepth - 1; depth >= 0; depth--)
        {
            Span<uint> right = words[Blake3Block.CvWords..];
            Blake3Block.CompressToCv(cv, words, counter, length, flags, right);
            stack.Slice(depth * Blake3Block.CvWords, Blake3Block.CvWords).CopyTo(words);
            ((ReadOnlySpan<uint>)_key).CopyTo(cv);
            (counter, length, flags) = (0, Blake3Block.Bytes, _flags | Blake3Block.Parent);
        }

        WriteRoot(cv, words, length, flags, output);
    }

    private static void WriteRoot(ReadOnlySpan<uint> cv, ReadOnlySpan<uint> words, int length, uint flags, Span<byte> output)
    {
        Span<uint> block = stackalloc uint[Blake3Block.BlockWords];
        for (ulong index = 0; !output.IsEmpty; index++)
        {
            Blake3Block.CompressToOutput(cv, words, index, length, flags | Blake3Block.Root, block);
            if (!BitConverter.IsLittleEndian) BinaryPrimitives.ReverseEndianness(block, block);
            var bytes = MemoryMarshal.AsBytes(block);
            var take = Math.Min(bytes.Length, output.Length);
            bytes[..take].CopyTo(output);
            output = output[take..];
        }
    }

    private readonly int ChunkLength => (_blocksDone * Blake3Block.Bytes) + _blockLength;

    private readonly uint StartFlag => _blocksDone == 0 ? Blake3Block.ChunkStart : 0;

    // The largest power of two of chunks that starts at an aligned position, fits, and leaves at least one byte behind it.
    private readonly int SubtreeChunks(int available)
    {
        if (!Blake3Wide.IsSupported || available <= Blake3Wide.Lanes * Blake3Block.ChunkBytes) return 0;
        var fitting = 1 << BitOperations.Log2((uint)((available - 1) / Blake3Block.ChunkBytes));
        var aligned = _chunk == 0 ? Blake3Wide.MaxSubtreeChunks : (int)Math.Min(_chunk & (~_chunk + 1), Blake3Wide.MaxSubtreeChunks);
        var chunks = Math.Min(Math.Min(fitting, aligned), Blake3Wide.MaxSubtreeChunks);
        return chunks >= Blake3Wide.Lanes ? chunks : 0;
    }

    private void UpdateChunk(ReadOnlySpan<byte> input)
    {
        Span<uint> words = stackalloc uint[Blake3Block.BlockWords];
        Span<byte> block = _block;
        while (!input.IsEmpty)
        {
            if (_blockLength == Blake3Block.Bytes)
            {
                Blake3Block.Load(block, words);
                Blake3Block.CompressToCv(_chunkCv, words, _chunk, Blake3Block.Bytes, _flags | StartFlag, _chunkCv);
                _blocksDone++;
                _blockLength = 0;
            }

            var take = Math.Min(Blake3Block.Bytes - _blockLength, input.Length);
            input[..take].CopyTo(block[_blockLength..]);
            _blockLength += take;
            input = input[take..];
        }
    }

    private void CloseChunk()
    {
        Span<uint> words = stackalloc uint[Blake3Block.BlockWords];
        Span<uint> cv = stackalloc uint[Blake3Block.CvWords];
        Blake3Block.Load(_block, words);
        Blake3Block.CompressToCv(_chunkCv, words, _chunk, Blake3Block.Bytes, _flags | StartFlag | Blake3Block.ChunkEnd, cv);
        Push(cv, _chunk + 1);
        StartChunk(_chunk + 1);
    }

    private void CloseSubtree(ReadOnlySpan<byte> input, int chunks)
    {
        Span<uint> cv = stackalloc uint[Blake3Block.CvWords];
        Blake3Wide.Subtree(input, _key, _chunk, _flags, cv);
        Push(cv, (_chunk + (uint)chunks) / (uint)chunks);
        StartChunk(_chunk + (uint)chunks);
    }

    private void StartChunk(ulong chunk)
    {
        _chunkCv = _key;
        _chunk = chunk;
        _blockLength = 0;
        _blocksDone = 0;
    }

    // The stack holds one subtree per set bit of the count; a trailing zero means that two equal subtrees stand ready to be joined.
    private void Push(Span<uint> cv, ulong total)
    {
        Span<uint> stack = _stack;
        Span<uint> words = stackalloc uint[Blake3Block.BlockWords];
        for (; (total & 1) == 0; total >>= 1)
        {
            _stackDepth--;
            stack.Slice(_stackDepth * Blake3Block.CvWords, Blake3Block.CvWords).CopyTo(words);
            cv.CopyTo(words[Blake3Block.CvWords..]);
            Blake3Block.CompressToCv(_key, words, 0, Blake3Block.Bytes, _flags | Blake3Block.Parent, cv);
        }

        cv.CopyTo(stack[(_stackDepth * Blake3Block.CvWords)..]);
        _stackDepth++;
    }

    [InlineArray(Blake3Block.CvWords)]
    private struct Words8
    {
        private uint _first;
    }

    [InlineArray(Blake3Block.Bytes)]
    private struct Bytes64
    {
        private byte _first;
    }

    // 54 levels of chunks cover 2^64 bytes of input.
    [InlineArray(54 * Blake3Block.CvWords)]
    private struct CvStack
    {
        private uint _first;
    }
}
