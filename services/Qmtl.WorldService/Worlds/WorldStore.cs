using Qmtl.Storage;

namespace Qmtl.WorldService.Worlds;

/// <summary>The table <c>ws_worlds</c>.</summary>
internal static class WorldStore
{
    /// <summary>The world, deleted or not; null when there never was one.</summary>
    public static Task<WorldRow?> FindAsync(ISession session, string worldId) =>
        session.FirstOrDefaultAsync<WorldRow>("SELECT * FROM ws_worlds WHERE world_id = @worldId", new { worldId });

    /// <summary>The world; a deleted one counts as unknown.</summary>
    public static async Task<WorldRow> GetAsync(ISession session, string worldId) =>
        await FindAsync(session, worldId) is { } world && !string.Equals(world.State, WorldStates.Deleted, StringComparison.Ordinal)
            ? world
            : throw Refuse.WorldUnknown(worldId);

    /// <summary>Takes the world's lock, then reads it: what is decided about it from here on nobody else changes.</summary>
    public static async Task<WorldRow> LockAsync(IUnitOfWork unit, string worldId)
    {
        await unit.LockAsync("world:" + worldId);
        return await GetAsync(unit, worldId);
    }

    public static Task<IReadOnlyList<WorldRow>> ListAsync(ISession session, string state, string after, int take) =>
        session.QueryAsync<WorldRow>(
            $"""
            SELECT * FROM ws_worlds
            WHERE world_id {session.Dialect.Ordinal} > @after AND (state = @state OR (@state = '' AND state <> '{WorldStates.Deleted}'))
            ORDER BY world_id {session.Dialect.Ordinal} LIMIT @take
            """,
            new { state, after, take });

    public static Task InsertAsync(IUnitOfWork unit, WorldRow world) => unit.ExecuteAsync(
        """
        INSERT INTO ws_worlds (world_id, name, description, owner, labels, state, allow_live, circuit_breaker, shadow, default_policy_version, risk_profile, data,
            extras, live_fingerprint, decisions_at, revision, created_at, updated_at)
        VALUES (@WorldId, @Name, @Description, @Owner, @Labels, @State, @AllowLive, @CircuitBreaker, @Shadow, @DefaultPolicyVersion, @RiskProfile, @Data,
            @Extras, @LiveFingerprint, @DecisionsAt, @Revision, @CreatedAt, @UpdatedAt)
        """,
        world);

    /// <summary>Writes the world back as its next revision.</summary>
    public static async Task<WorldRow> UpdateAsync(IUnitOfWork unit, WorldRow world)
    {
        var next = world with { Revision = world.Revision + 1, UpdatedAt = unit.Now };
        await unit.ExecuteAsync(
            """
            UPDATE ws_worlds SET name = @Name, description = @Description, owner = @Owner, labels = @Labels, state = @State, allow_live = @AllowLive,
                circuit_breaker = @CircuitBreaker, circuit_reset_at = @CircuitResetAt, shadow = @Shadow, default_policy_version = @DefaultPolicyVersion, risk_profile = @RiskProfile, data = @Data,
                extras = @Extras, revision = @Revision, updated_at = @UpdatedAt
            WHERE world_id = @WorldId
            """,
            next);
        return next;
    }
}
