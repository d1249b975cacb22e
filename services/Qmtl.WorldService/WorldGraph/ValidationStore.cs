using Google.Protobuf.WellKnownTypes;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.WorldGraph;

/// <summary>A row of <c>ws_validations</c>: a verdict about one node in one context.</summary>
internal sealed record ValidationRow
{
    public string WorldId { get; init; } = "";

    public string EvalKey { get; init; } = "";

    public string NodeId { get; init; } = "";

    public string ExecutionDomain { get; init; } = "";

    public string Parts { get; init; } = "";

    public string Result { get; init; } = "";

    public string? Metrics { get; init; }

    public DateTimeOffset FoundAt { get; init; }

    public ValidationEntry ToMessage() => new()
    {
        EvalKey = EvalKey,
        Key = Json.Read<EvalKeyParts>(Parts),
        Result = Result,
        Metrics = Json.ReadOptional<Struct>(Metrics),
        Timestamp = Timestamp.FromDateTimeOffset(FoundAt),
    };
}

/// <summary>The table <c>ws_validations</c>.</summary>
internal static class ValidationStore
{
    /// <summary>A verdict that is not older than <paramref name="since"/>.</summary>
    public static Task<ValidationRow?> FindAsync(ISession session, string worldId, string evalKey, DateTimeOffset since) => session.FirstOrDefaultAsync<ValidationRow>(
        "SELECT * FROM ws_validations WHERE world_id = @worldId AND eval_key = @evalKey AND found_at >= @since", new { worldId, evalKey, since });

    public static Task SaveAsync(IUnitOfWork unit, ValidationRow row) => unit.ExecuteAsync(
        """
        INSERT INTO ws_validations (world_id, eval_key, node_id, execution_domain, parts, result, metrics, found_at)
        VALUES (@WorldId, @EvalKey, @NodeId, @ExecutionDomain, @Parts, @Result, @Metrics, @FoundAt)
        ON CONFLICT (world_id, eval_key) DO UPDATE SET result = excluded.result, metrics = excluded.metrics, found_at = excluded.found_at
        """,
        row);

    /// <summary>How many were forgotten; what is empty means all.</summary>
    public static Task<int> DeleteAsync(IUnitOfWork unit, string worldId, string nodeId, string domain) => unit.ExecuteAsync(
        "DELETE FROM ws_validations WHERE world_id = @worldId AND (@nodeId = '' OR node_id = @nodeId) AND (@domain = '' OR execution_domain = @domain)",
        new { worldId, nodeId, domain });

    /// <summary>Forgets what is older than <paramref name="before"/>.</summary>
    public static Task<int> PurgeAsync(IUnitOfWork unit, string worldId, DateTimeOffset before) =>
        unit.ExecuteAsync("DELETE FROM ws_validations WHERE world_id = @worldId AND found_at < @before", new { worldId, before });
}
