using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.WorldService.Edges;

/// <summary>Edges between execution domains as an apply closes and opens them.</summary>
internal static class DomainEdges
{
    private static readonly string[] Domains = [.. Enum.GetValues<ExecutionDomain>().Select(domain => domain.ToToken())];

    public static string End(string domain) => "domain:" + domain;

    /// <summary>The overrides of edges into some domains as they stand, to be given to <see cref="RestoreAsync"/>.</summary>
    public static async Task<IReadOnlyList<EdgeSnapshot>> SnapshotAsync(ISession session, string worldId, params IReadOnlyList<string> domains)
    {
        var snapshots = new List<EdgeSnapshot>();
        foreach (var domain in domains.Distinct(StringComparer.Ordinal)) snapshots.Add(new EdgeSnapshot(domain, await IntoAsync(session, worldId, domain)));
        return snapshots;
    }

    /// <summary>Closes every edge into a domain, also those that no override named so far.</summary>
    public static async Task CloseAsync(IUnitOfWork unit, string worldId, string domain, string reason, string actor)
    {
        var before = await IntoAsync(unit, worldId, domain);
        var sources = Domains.Where(other => !string.Equals(other, domain, StringComparison.Ordinal)).Select(End).Union(before.Select(edge => edge.Src), StringComparer.Ordinal);
        foreach (var src in sources) await SetAsync(unit, worldId, src, domain, active: false, reason, actor);
    }

    /// <summary>Opens the edge from one domain into another.</summary>
    public static Task OpenAsync(IUnitOfWork unit, string worldId, string from, string domain, string reason, string actor) =>
        SetAsync(unit, worldId, End(from), domain, active: true, reason, actor);

    /// <summary>Brings back overrides; those that came since go.</summary>
    public static async Task RestoreAsync(IUnitOfWork unit, string worldId, IReadOnlyList<EdgeSnapshot> snapshots, bool allowLive)
    {
        foreach (var (domain, before) in snapshots)
        {
            await unit.ExecuteAsync("DELETE FROM ws_edges WHERE world_id = @worldId AND dst = @dst", new { worldId, dst = End(domain) });

            // What was open may have become forbidden meanwhile.
            var open = allowLive || !string.Equals(domain, ExecutionDomain.Live.ToToken(), StringComparison.Ordinal);
            foreach (var edge in before) await EdgeStore.SaveAsync(unit, edge with { Active = edge.Active && open });
        }
    }

    private static Task<IReadOnlyList<EdgeRow>> IntoAsync(ISession session, string worldId, string domain) =>
        session.QueryAsync<EdgeRow>($"SELECT * FROM ws_edges WHERE world_id = @worldId AND dst = @dst ORDER BY src {session.Dialect.Ordinal}", new { worldId, dst = End(domain) });

    private static Task SetAsync(IUnitOfWork unit, string worldId, string src, string domain, bool active, string reason, string actor) => EdgeStore.SaveAsync(
        unit, new EdgeRow { WorldId = worldId, Src = src, Dst = End(domain), Active = active, Reason = reason, Actor = actor, UpdatedAt = unit.Now });
}

/// <summary>The overrides of edges into one domain at some time.</summary>
internal sealed record EdgeSnapshot(string Domain, IReadOnlyList<EdgeRow> Edges);
