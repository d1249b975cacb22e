using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Qmtl.Identity;

namespace Qmtl.WorldService.Evaluation;

/// <summary>
/// Hashes texts and numbers one after the other. Lengths go first, so that no two contents run together into one. They are gathered in large pieces: the hash
/// function takes those several times as fast as a name here and a number there.
/// </summary>
internal sealed class ContentHasher
{
    private const int LengthBytes = sizeof(int);

    private readonly Blake3Hasher _hasher = new();
    private readonly byte[] _piece = new byte[16_384];
    private int _filled;

    public void Add(params ReadOnlySpan<string> texts)
    {
        foreach (var text in texts)
        {
            var most = LengthBytes + Encoding.UTF8.GetMaxByteCount(text.Length);
            if (most > _piece.Length)
            {
                AddLong(Encoding.UTF8.GetBytes(text));
                continue;
            }

            if (_filled + most > _piece.Length) Flush();
            var length = Encoding.UTF8.GetBytes(text, _piece.AsSpan(_filled + LengthBytes));
            BinaryPrimitives.WriteInt32LittleEndian(_piece.AsSpan(_filled), length);
            _filled += LengthBytes + length;
        }
    }

    public void Add(double number) => Add([number]);

    /// <summary>Numbers as their bytes.</summary>
    public void Add(ReadOnlySpan<double> numbers)
    {
        var bytes = MemoryMarshal.AsBytes(numbers);
        if (_filled + LengthBytes + bytes.Length > _piece.Length) Flush();
        BinaryPrimitives.WriteInt32LittleEndian(_piece.AsSpan(_filled), numbers.Length);
        _filled += LengthBytes;
        if (_filled + bytes.Length > _piece.Length)
        {
            Flush();
            _hasher.Update(bytes);
            return;
        }

        bytes.CopyTo(_piece.AsSpan(_filled));
        _filled += bytes.Length;
    }

    /// <summary>The hash as 64 lower-case hexadecimal digits.</summary>
    public string Finish()
    {
        Flush();
        Span<byte> digest = stackalloc byte[Blake3.DigestBytes];
        _hasher.Finish(digest);
        return Convert.ToHexStringLower(digest);
    }

    private void AddLong(byte[] bytes)
    {
        Flush();
        BinaryPrimitives.WriteInt32LittleEndian(_piece, bytes.Length);
        _filled = LengthBytes;
        Flush();
        _hasher.Update(bytes);
    }

    private void Flush()
    {
        _hasher.Update(_piece.AsSpan(0, _filled));
        _filled = 0;
    }
}
