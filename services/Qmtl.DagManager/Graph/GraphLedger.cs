using System.Text.Json;
using Qmtl.Storage;

namespace Qmtl.DagManager.Graph;

/// <summary>A set of tags whose queries may have a new answer.</summary>
/// <param name="WorldId">The world of the queue; empty for shared ones.</param>
/// <param name="ExecutionDomain">The domain of the queue, as a token.</param>
/// <param name="Interval">Seconds between bars.</param>
/// <param name="Tags">All tags of the queue, in ordinal order.</param>
internal sealed record AffectedTags(string WorldId, string ExecutionDomain, int Interval, IReadOnlyList<string> Tags);

/// <summary>A change of the graph, as the transaction that makes it reports it.</summary>
/// <param name="PlannedAt">The revision that it was decided on.</param>
/// <param name="ReliedOn">Keys of the queues that must be as they were at that revision.</param>
/// <param name="Touched">Keys of the queues that it adds, changes or removes.</param>
/// <param name="Affected">The sets of tags whose queries may have a new answer.</param>
internal sealed record LedgerEntry(long PlannedAt, IReadOnlyCollection<long> ReliedOn, IReadOnlyCollection<long> Touched, IReadOnlyCollection<AffectedTags> Affected);

/// <summary>Something that a change relied on was changed by somebody else after it was planned: plan again.</summary>
internal sealed class GraphMovedException(long plannedAt, long revision)
    : Exception($"The graph moved from revision {plannedAt} to {revision}, and what the plan relies on was touched.");

/// <summary>The order of changes. Every transaction that changes what is reachable in the graph ends with an entry here, and whoever copies the graph follows it.</summary>
/// <remarks>
/// The counter is written after everything else and its row stays locked until the commit, so revisions have no gaps and their order is the order of commits. The row
/// is held only for that moment: transactions that add different things write side by side, and those that add the same thing meet in a unique key.
/// </remarks>
internal static class GraphLedger
{
    /// <summary>Enters a change.</summary>
    /// <returns>Its revision.</returns>
    /// <exception cref="GraphMovedException">Another change came between and touched what this one relies on; nothing of this transaction may be committed.</exception>
    public static async Task<long> EnterAsync(IUnitOfWork unit, LedgerEntry entry)
    {
        var revision = await unit.ScalarAsync<long>("UPDATE dm_graph SET revision = revision + 1 WHERE id = 1 RETURNING revision");
        if (revision != entry.PlannedAt + 1) await CheckAsync(unit, entry, revision);
        await unit.ExecuteAsync(
            "INSERT INTO dm_changes (revision, queues, affected, created_at) VALUES (@revision, @queues, @affected, @Now)",
            new { revision, queues = JsonSerializer.Serialize(entry.Touched), affected = JsonSerializer.Serialize(entry.Affected), unit.Now });
        return revision;
    }

    private static async Task CheckAsync(IUnitOfWork unit, LedgerEntry entry, long revision)
    {
        if (entry.ReliedOn.Count == 0) return;
        var between = await unit.QueryAsync<string>("SELECT queues FROM dm_changes WHERE revision > @PlannedAt AND revision < @revision", new { entry.PlannedAt, revision });
        var reliedOn = entry.ReliedOn as IReadOnlySet<long> ?? entry.ReliedOn.ToHashSet();
        // Changes that are no longer kept cannot be checked; then the plan is too old in any case.
        if (between.Count != revision - entry.PlannedAt - 1 || between.Any(queues => (JsonSerializer.Deserialize<long[]>(queues) ?? []).Any(reliedOn.Contains)))
            throw new GraphMovedException(entry.PlannedAt, revision);
    }
}
