using System.Buffers.Binary;
using System.Text;

namespace Qmtl.Identity;

/// <summary>CRC-32 as zlib computes it (reflected polynomial 0xEDB88320), eight bytes a step.</summary>
public static class Crc32
{
    private static readonly uint[] Tables = BuildTables();

    /// <summary>The checksum of <paramref name="bytes"/>, continuing from the checksum of what stood before (0 at the start).</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<uint> t = Tables;
        var c = ~crc;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ c;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            c = t[0x700 + (int)(low & 0xFF)] ^ t[0x600 + (int)((low >> 8) & 0xFF)] ^ t[0x500 + (int)((low >> 16) & 0xFF)] ^ t[0x400 + (int)(low >> 24)]
                ^ t[0x300 + (int)(high & 0xFF)] ^ t[0x200 + (int)((high >> 8) & 0xFF)] ^ t[0x100 + (int)((high >> 16) & 0xFF)] ^ t[(int)(high >> 24)];
        }

        foreach (var b in bytes) c = (c >> 8) ^ t[(int)((c ^ b) & 0xFF)];
        return ~c;
    }

    /// <summary>The checksum of a list of node identities: running over the UTF-8 text of each, in list order. The empty list gives 0.</summary>
    public static uint OfNodeIds(IEnumerable<string> nodeIds)
    {
        ArgumentNullException.ThrowIfNull(nodeIds);
        var crc = 0u;
        Span<byte> buffer = stackalloc byte[256];
        foreach (var id in nodeIds)
        {
            crc = Encoding.UTF8.TryGetBytes(id, buffer, out var written) ? Append(crc, buffer[..written]) : Append(crc, Encoding.UTF8.GetBytes(id));
        }

        return crc;
    }

    // Table k advances a byte's remainder by k further zero bytes, which is what lets eight bytes be folded at once.
    private static uint[] BuildTables()
    {
        var tables = new uint[8 * 256];
        for (var i = 0u; i < 256; i++)
        {
            var c = i;
            for (var bit = 0; bit < 8; bit++) c = (c & 1) == 0 ? c >> 1 : (c >> 1) ^ 0xEDB88320u;
            tables[i] = c;
        }

        for (var i = 256; i < tables.Length; i++) tables[i] = (tables[i - 256] >> 8) ^ tables[(int)(tables[i - 256] & 0xFF)];
        return tables;
    }
}
