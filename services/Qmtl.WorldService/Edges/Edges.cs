using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Edges;

/// <summary>A row of <c>ws_edges</c>.</summary>
internal sealed record EdgeRow
{
    public string WorldId { get; init; } = "";

    public string Src { get; init; } = "";

    public string Dst { get; init; } = "";

    public bool Active { get; init; }

    public string Reason { get; init; } = "";

    public string Actor { get; init; } = "";

    public DateTimeOffset UpdatedAt { get; init; }

    public EdgeOverride ToMessage() => new()
    {
        WorldId = WorldId,
        Src = Src,
        Dst = Dst,
        Active = Active,
        Reason = Reason,
        Actor = Actor,
        UpdatedAt = Timestamp.FromDateTimeOffset(UpdatedAt),
    };
}

/// <summary>The table <c>ws_edges</c>.</summary>
internal static class EdgeStore
{
    /// <summary>A new world lets nothing flow from backtest to live.</summary>
    public static Task InsertDefaultAsync(IUnitOfWork unit, string worldId) => SaveAsync(
        unit, new EdgeRow { WorldId = worldId, Src = "domain:backtest", Dst = "domain:live", Active = false, Reason = "auto", Actor = "worldservice", UpdatedAt = unit.Now });

    /// <summary>Whether data that flows to <paramref name="dst"/> reaches live.</summary>
    public static bool LeadsToLive(string dst) =>
        dst.StartsWith("domain:", StringComparison.Ordinal) && ExecutionModes.ParseDomain(dst["domain:".Length..]) is ExecutionDomain.Live;

    public static Task<IReadOnlyList<EdgeRow>> ListAsync(ISession session, string worldId) => session.QueryAsync<EdgeRow>(
        $"SELECT * FROM ws_edges WHERE world_id = @worldId ORDER BY src {session.Dialect.Ordinal}, dst {session.Dialect.Ordinal}", new { worldId });

    public static Task SaveAsync(IUnitOfWork unit, EdgeRow edge) => unit.ExecuteAsync(
        """
        INSERT INTO ws_edges (world_id, src, dst, active, reason, actor, updated_at) VALUES (@WorldId, @Src, @Dst, @Active, @Reason, @Actor, @UpdatedAt)
        ON CONFLICT (world_id, src, dst) DO UPDATE SET active = excluded.active, reason = excluded.reason, actor = excluded.actor, updated_at = excluded.updated_at
        """,
        edge);
}

/// <summary>Reads and sets edge overrides.</summary>
internal sealed class EdgesHandler(IDatabase database, WorldWriter writer, WorldAccess access)
{
    private const int MaxLength = 300;

    public Task<ListEdgeOverridesResponse> ListAsync(ListEdgeOverridesRequest request, Caller caller, CancellationToken cancellationToken)
    {
        access.Require(caller, request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var response = new ListEdgeOverridesResponse();
                response.Overrides.Add((await EdgeStore.ListAsync(session, request.WorldId)).Select(edge => edge.ToMessage()));
                return response;
            },
            cancellationToken);
    }

    public Task<EdgeOverride> PutAsync(PutEdgeOverrideRequest request, Caller caller, CancellationToken cancellationToken)
    {
        access.Require(caller, request.WorldId, WorldRole.Operator);
        CheckEnd(request.Src, "/src");
        CheckEnd(request.Dst, "/dst");
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                if (request.Active && EdgeStore.LeadsToLive(request.Dst) && !change.World.AllowLive)
                {
                    throw new RefusalException(ReasonCodes.LiveDisabled, $"World '{request.WorldId}' does not allow live, so nothing may flow to {request.Dst}; its owner can allow it with PUT /worlds/{request.WorldId}.");
                }

                var edge = new EdgeRow
                {
                    WorldId = request.WorldId,
                    Src = request.Src,
                    Dst = request.Dst,
                    Active = request.Active,
                    Reason = request.Reason,
                    Actor = caller.Subject,
                    UpdatedAt = change.Unit.Now,
                };
                await EdgeStore.SaveAsync(change.Unit, edge);
                var message = edge.ToMessage();
                await change.AuditAsync("edge_override_set", request, message);
                return message;
            },
            cancellationToken);
    }

    private static void CheckEnd(string end, string pointer)
    {
        if (end.Length is 0 or > MaxLength) throw Refuse.Field(pointer, $"must be a NodeID or 'domain:<name>' of 1 to {MaxLength} characters");
    }
}
