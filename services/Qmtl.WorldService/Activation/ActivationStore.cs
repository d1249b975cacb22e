using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.WorldService.Activation;

/// <summary>The table <c>ws_activation</c>: the truth about activation.</summary>
internal static class ActivationStore
{
    public static Task<IReadOnlyList<ActivationEntry>> ListAsync(ISession session, string worldId) => session.QueryAsync<ActivationEntry>(
        $"SELECT * FROM ws_activation WHERE world_id = @worldId ORDER BY strategy_id {session.Dialect.Ordinal}, side {session.Dialect.Ordinal}", new { worldId });

    public static Task<ActivationEntry?> FindAsync(ISession session, string worldId, string strategyId, string side) =>
        session.FirstOrDefaultAsync<ActivationEntry>(
            "SELECT * FROM ws_activation WHERE world_id = @worldId AND strategy_id = @strategyId AND side = @side", new { worldId, strategyId, side });

    public static Task SaveAsync(IUnitOfWork unit, ActivationEntry entry) => unit.ExecuteAsync(
        """
