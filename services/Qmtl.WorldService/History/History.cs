using Google.Protobuf.WellKnownTypes;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.History;

/// <summary>A row of <c>ws_history</c>: the newest report about one node of one strategy.</summary>
internal sealed record HistoryRow
{
    public string Report { get; init; } = "";

    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>The table <c>ws_history</c>.</summary>
internal static class HistoryStore
{
    public static Task SaveAsync(IUnitOfWork unit, string worldId, params IReadOnlyList<HistoryReport> reports)
    {
        var batch = new RowBatch(
            "ws_history (world_id, strategy_id, node_id, report, updated_at)",
            "ON CONFLICT (world_id, strategy_id, node_id) DO UPDATE SET report = excluded.report, updated_at = excluded.updated_at");
        foreach (var report in reports) batch.Add(worldId, report.StrategyId, report.NodeId, Json.Write(report), unit.Now);
        return batch.WriteAsync(unit);
    }

    /// <summary>The newest report about a strategy; null when there is none.</summary>
    public static async Task<HistoryReport?> LatestAsync(ISession session, string worldId, string strategyId) =>
        await session.ScalarAsync<string>(
            $"SELECT report FROM ws_history WHERE world_id = @worldId AND strategy_id = @strategyId ORDER BY updated_at DESC, node_id {session.Dialect.Ordinal} LIMIT 1",
            new { worldId, strategyId }) is { } json ? Json.Read<HistoryReport>(json) : null;

    public static Task<IReadOnlyList<HistoryRow>> ListAsync(ISession session, string worldId, string strategyId, string nodeId) => session.QueryAsync<HistoryRow>(
        $"""
        SELECT report, updated_at FROM ws_history
        WHERE world_id = @worldId AND (@strategyId = '' OR strategy_id = @strategyId) AND (@nodeId = '' OR node_id = @nodeId)
        ORDER BY strategy_id {session.Dialect.Ordinal}, node_id {session.Dialect.Ordinal}
        """,
        new { worldId, strategyId, nodeId });
}

/// <summary>Takes in and reads what is known about the data strategies ran on.</summary>
internal sealed class HistoryHandler(IDatabase database, WorldWriter writer)
{
    private const int SecondsOfDay = 86_400;

    public async Task<Empty> PutAsync(PutHistoryRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        var report = request.Report ?? throw Refuse.Field("/report", "is missing");
        Check(report, request.WorldId);
        await writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                await HistoryStore.SaveAsync(change.Unit, request.WorldId, report);
                change.AffectsDecision();
                await change.AuditAsync("history_reported", report, null);
                return true;
            },
            cancellationToken);
        return new Empty();
    }

    public Task<HistoryMetadata> GetAsync(GetHistoryRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var metadata = new HistoryMetadata { WorldId = request.WorldId };
                metadata.Entries.Add((await HistoryStore.ListAsync(session, request.WorldId, request.StrategyId, request.NodeId))
                    .Select(row => new HistoryEntry { Report = Json.Read<HistoryReport>(row.Report), UpdatedAt = Timestamp.FromDateTimeOffset(row.UpdatedAt) }));
                return metadata;
            },
            cancellationToken);
    }

    private static void Check(HistoryReport report, string worldId)
    {
        StrategyIds.Check(report.StrategyId, "/strategy_id");
        if (report.WorldId.Length > 0 && !string.Equals(report.WorldId, worldId, StringComparison.Ordinal)) throw Refuse.Field("/world_id", $"must be '{worldId}' or empty, was '{report.WorldId}'");
        if (report.NodeId.Length is 0 or > 300) throw Refuse.Field("/node_id", "must name the node that was fed, in 1 to 300 characters");
        if (report.Interval is < 0 or > SecondsOfDay) throw Refuse.Field("/interval", $"must be 1 to {SecondsOfDay} seconds, was {report.Interval}");
        if (report.Rows < 0) throw Refuse.Field("/rows", $"must not be negative, was {report.Rows}");
        if (report.CoverageBounds.Count is not (0 or 2)) throw Refuse.Field("/coverage_bounds", $"must hold the first and last bar time, had {report.CoverageBounds.Count} values");
        if (report.CoverageBounds.Count == 2 && report.CoverageBounds[0] > report.CoverageBounds[1]) throw Refuse.Field("/coverage_bounds", "must begin before it ends");
    }
}
