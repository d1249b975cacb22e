using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Qmtl.Identity;

/// <summary>Chooses canaries by hash, so that every instance and every retry chooses the same ones.</summary>
public static class Canary
{
    /// <summary>The score of a run in [0, 1): the first eight bytes of SHA-256(<c>world:strategy:run</c>), big-endian, over 2^64.</summary>
    public static double Score(string worldId, string strategyId, string runId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{worldId}:{strategyId}:{runId}"), hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash) / 18446744073709551616.0;
    }

    /// <summary>Whether a run belongs to the first <paramref name="fraction"/> of all runs. 1 takes all, 0 none.</summary>
    public static bool IsChosen(string worldId, string strategyId, string runId, double fraction) =>
        fraction >= 1 || Score(worldId, strategyId, runId) < fraction;
}
