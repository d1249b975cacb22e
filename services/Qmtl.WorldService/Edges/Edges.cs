using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
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
    /// <summary>What an end that is a domain and no node begins with.</summary>
    public const string DomainPrefix = "domain:";

    /// <summary>A new world lets nothing flow from backtest to live.</summary>
    public static Task InsertDefaultAsync(IUnitOfWork unit, string worldId) => SaveAsync(
        unit, new EdgeRow { WorldId = worldId, Src = "domain:backtest", Dst = "domain:live", Active = false, Reason = "auto", Actor = "worldservice", UpdatedAt = unit.Now });

    /// <summary>Whether data that flows to <paramref name="dst"/> reaches live.</summary>
    public static bool LeadsToLive(string dst) =>
        dst.StartsWith(DomainPrefix, StringComparison.Ordinal) && ExecutionModes.ParseDomain(dst[DomainPrefix.Length..]) is ExecutionDomain.Live;

    /// <summary>Closes the open edges of a node that the world has forgotten in every domain: nobody would see them any more.</summary>
    public static Task CloseForgottenAsync(IUnitOfWork unit, string worldId, string nodeId, string actor) => unit.ExecuteAsync(
        """
        UPDATE ws_edges SET active = @closed, reason = 'node forgotten', actor = @actor, updated_at = @Now
        WHERE world_id = @worldId AND (src = @nodeId OR dst = @nodeId) AND active = @open
            AND NOT EXISTS (SELECT 1 FROM ws_nodes n WHERE n.world_id = @worldId AND n.node_id = @nodeId)
        """,
        new { worldId, nodeId, actor, open = true, closed = false, unit.Now });

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
internal sealed class EdgesHandler(IDatabase database, WorldWriter writer)
{
    private const int MaxLength = 300;

    public Task<ListEdgeOverridesResponse> ListAsync(ListEdgeOverridesRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
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
        caller.Require(request.WorldId, WorldRole.Operator);
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

                if (request.Active)
                {
                    await CheckKnownAsync(change, request.Src);
                    await CheckKnownAsync(change, request.Dst);
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
        if (end.StartsWith(EdgeStore.DomainPrefix, StringComparison.Ordinal) && ExecutionModes.ParseDomain(end[EdgeStore.DomainPrefix.Length..]) is null)
        {
            throw Refuse.Field(pointer, $"must name a domain ({string.Join(", ", System.Enum.GetValues<ExecutionDomain>().Select(domain => domain.ToToken()))}), was '{end}'");
        }
    }

    /// <summary>An edge that opens leads from and to something: one with an end that nobody knows would stay open unseen.</summary>
    private static async Task CheckKnownAsync(WorldChange change, string end)
    {
        if (end.StartsWith(EdgeStore.DomainPrefix, StringComparison.Ordinal)) return;
        var known = await change.Unit.ScalarAsync<long>("SELECT COUNT(*) FROM ws_nodes WHERE world_id = @WorldId AND node_id = @end", new { change.World.WorldId, end });
        if (known == 0) throw new RefusalException(ReasonCodes.NodeUnknown, $"World '{change.World.WorldId}' does not know node '{end}', so no edge of it can be opened; bind its strategy or set the node with PUT /worlds/{change.World.WorldId}/nodes first.");
    }
}
