using System.Buffers.Binary;
using System.Text;

namespace Qmtl.Messaging.Topics;

/// <summary>Sends a key to its partition by murmur2, as Kafka's own clients do: a topic that moves there keeps every key in its place.</summary>
public static class KeyPartitioner
{
    private const uint Multiplier = 0x5bd1e995;
    private const uint Seed = 0x9747b28c;

    /// <summary>The partition of <paramref name="key"/>.</summary>
    public static int PartitionOf(string key, int partitions) => (int)(Hash(Encoding.UTF8.GetBytes(key)) & 0x7fffffff) % partitions;

    internal static uint Hash(ReadOnlySpan<byte> key)
    {
        unchecked
        {
            var hash = Seed ^ (uint)key.Length;
            var rest = key;
            for (; rest.Length >= 4; rest = rest[4..])
            {
                var word = BinaryPrimitives.ReadUInt32LittleEndian(rest) * Multiplier;
                word = (word ^ (word >> 24)) * Multiplier;
                hash = (hash * Multiplier) ^ word;
            }
            if (rest.Length > 2) hash ^= (uint)rest[2] << 16;
            if (rest.Length > 1) hash ^= (uint)rest[1] << 8;
            if (rest.Length > 0) hash = (hash ^ rest[0]) * Multiplier;
            hash = (hash ^ (hash >> 13)) * Multiplier;
            return hash ^ (hash >> 15);
        }
    }
}
