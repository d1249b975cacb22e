using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.Promotion;

/// <summary>Caches that strategies hit across contexts: each reports its own count with its data facts.</summary>
internal static class CrossContextReports
{
    /// <summary>The conformance flag that counts them.</summary>
    private const string Flag = "cross_context_cache_hit";

    public static async Task<long> HitsAsync(ISession session, string worldId)
    {
        var reports = await session.QueryAsync<string>("SELECT report FROM ws_history WHERE world_id = @worldId AND report LIKE @flag", new { worldId, flag = $"%{Flag}%" });
        return reports.Sum(report => (long)Math.Max(0, Json.Read<HistoryReport>(report).ConformanceFlags.GetValueOrDefault(Flag)));
    }
}
