using System.Collections.Concurrent;
using System.Text.Json;
using Qmtl.Storage;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Policies.Selection;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation;

/// <summary>The strategies of a world, their newest metrics, and what hysteresis remembers, as of one revision. Immutable.</summary>
/// <param name="Revision">The world's count of changes to what is in here.</param>
/// <param name="Measurements">By strategy, one for each stage that was measured.</param>
internal sealed record Members(
    long Revision, IReadOnlyList<string> Bound, IReadOnlyDictionary<string, IReadOnlyList<Measurement>> Measurements, IReadOnlyDictionary<string, SelectionRow> Selection);

/// <summary>What an evaluation finds in the store.</summary>
/// <param name="Active">The world's decisions.</param>
internal sealed record Cohort(Members Members, IReadOnlyList<string> Active)
{
    public IReadOnlyList<string> Bound => Members.Bound;

    public IReadOnlyDictionary<string, SelectionRow> Selection => Members.Selection;

    public bool IsMeasured(string strategyId) => Members.Measurements.ContainsKey(strategyId);

    /// <summary>The newest metrics of a strategy: of this stage if there are any, else of whichever stage came last.</summary>
    public Measurement? Latest(string strategyId, string stage)
    {
        if (!Members.Measurements.TryGetValue(strategyId, out var all)) return null;
        Measurement? latest = null;
        foreach (var one in all)
        {
            if (string.Equals(one.Stage, stage, StringComparison.Ordinal)) return one;
            if (latest is null || one.UpdatedAt > latest.UpdatedAt || (one.UpdatedAt == latest.UpdatedAt && string.CompareOrdinal(one.Stage, latest.Stage) < 0)) latest = one;
        }

        return latest;
    }

    /// <summary>The metrics of a strategy at exactly this stage.</summary>
    public Measurement? At(string strategyId, string stage)
    {
        if (!Members.Measurements.TryGetValue(strategyId, out var all)) return null;
        foreach (var one in all)
        {
            if (string.Equals(one.Stage, stage, StringComparison.Ordinal)) return one;
        }

        return null;
    }
}

/// <summary>
/// Reads and writes cohorts. What is read is kept until the world's <c>cohort_revision</c> moves on, which every writer of bindings,
/// measurements or hysteresis sees to with <see cref="TouchAsync"/>; several processes on one database thus never act on an old copy.
/// </summary>
internal sealed class CohortStore
{
    private const int WorldsKept = 256;
    private readonly ConcurrentDictionary<string, Members> _kept = new(StringComparer.Ordinal);

    /// <summary>Says that bindings, measurements or hysteresis of a world change with this transaction.</summary>
    public static Task TouchAsync(IUnitOfWork unit, string worldId) =>
        unit.ExecuteAsync("UPDATE ws_worlds SET cohort_revision = cohort_revision + 1 WHERE world_id = @worldId", new { worldId });

    /// <inheritdoc cref="LoadAsync(ISession, string, long)"/>
    public async Task<Cohort> LoadAsync(ISession session, string worldId) => await LoadAsync(session, worldId, (await WorldStore.GetAsync(session, worldId)).CohortRevision);

    /// <summary>The cohort as this session sees it.</summary>
    /// <param name="revision">The world's revision as this session sees it.</param>
    public async Task<Cohort> LoadAsync(ISession session, string worldId, long revision)
    {
        var active = await DecisionStore.ActiveAsync(session, worldId);
        if (_kept.TryGetValue(worldId, out var kept) && kept.Revision == revision) return new Cohort(kept, active);
        var sets = new MetricSetMaker();
        var members = new Members(
            revision,
            [.. (await BindingStore.ListAsync(session, worldId)).Select(row => row.StrategyId)],
            (await session.QueryAsync<MeasurementRow>("SELECT * FROM ws_measurements WHERE world_id = @worldId", new { worldId }))
                .GroupBy(row => row.StrategyId, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => (IReadOnlyList<Measurement>)[.. group.Select(row => row.ToMeasurement(sets))], StringComparer.Ordinal),
            (await session.QueryAsync<SelectionRow>("SELECT * FROM ws_selection WHERE world_id = @worldId", new { worldId })).ToDictionary(row => row.StrategyId, StringComparer.Ordinal));
        // What a transaction reads may be its own writes, which a rollback takes back; only a reader's copy is sure to be committed.
        if (session is not IUnitOfWork) Keep(worldId, members);
        return new Cohort(members, active);
    }

    /// <summary>Writes what changed, and keeps the new state once the transaction is durable.</summary>
    public async Task SaveAsync(IUnitOfWork unit, string worldId, Members before, IReadOnlyList<Measurement> measured, IReadOnlyList<SelectionRow> selected)
    {
        if (measured.Count == 0 && selected.Count == 0) return;
        await WriteAsync(unit, worldId, measured);
        await WriteAsync(unit, worldId, selected);
        await TouchAsync(unit, worldId);
        var after = Apply(before, measured, selected);
        unit.OnCommitted(() => Keep(worldId, after));
    }

    private static Members Apply(Members before, IReadOnlyList<Measurement> measured, IReadOnlyList<SelectionRow> selected)
    {
        var measurements = measured.Count == 0 ? before.Measurements : new Dictionary<string, IReadOnlyList<Measurement>>(before.Measurements, StringComparer.Ordinal);
        foreach (var one in measured)
        {
            var others = before.Measurements.GetValueOrDefault(one.StrategyId)?.Where(known => !string.Equals(known.Stage, one.Stage, StringComparison.Ordinal)) ?? [];
            ((Dictionary<string, IReadOnlyList<Measurement>>)measurements)[one.StrategyId] = [.. others, one];
        }

        var selection = selected.Count == 0 ? before.Selection : new Dictionary<string, SelectionRow>(before.Selection, StringComparer.Ordinal);
        foreach (var row in selected) ((Dictionary<string, SelectionRow>)selection)[row.StrategyId] = row;
        return before with { Revision = before.Revision + 1, Measurements = measurements, Selection = selection };
    }

    private static Task WriteAsync(IUnitOfWork unit, string worldId, IReadOnlyList<Measurement> measured)
    {
        var batch = new RowBatch(
            "ws_measurements (world_id, strategy_id, stage, run_id, side, symbols, metrics, data_start, data_end, updated_at)",
            """
            ON CONFLICT (world_id, strategy_id, stage) DO UPDATE SET run_id = excluded.run_id, side = excluded.side, symbols = excluded.symbols, metrics = excluded.metrics,
                data_start = excluded.data_start, data_end = excluded.data_end, updated_at = excluded.updated_at
            """);
        foreach (var one in measured) batch.Add(worldId, one.StrategyId, one.Stage, one.RunId, one.Side, JsonSerializer.Serialize(one.Symbols), JsonSerializer.Serialize(one.Values), one.DataStart, one.DataEnd, one.UpdatedAt);
        return batch.WriteAsync(unit);
    }

    private static Task WriteAsync(IUnitOfWork unit, string worldId, IReadOnlyList<SelectionRow> selected)
    {
        var batch = new RowBatch(
            "ws_selection (world_id, strategy_id, run_id, active, since, above, below, prior_active, prior_since, prior_above, prior_below)",
            """
            ON CONFLICT (world_id, strategy_id) DO UPDATE SET run_id = excluded.run_id, active = excluded.active, since = excluded.since, above = excluded.above,
                below = excluded.below, prior_active = excluded.prior_active, prior_since = excluded.prior_since, prior_above = excluded.prior_above, prior_below = excluded.prior_below
            """);
        foreach (var row in selected) batch.Add(worldId, row.StrategyId, row.RunId, row.Active, row.Since, row.Above, row.Below, row.PriorActive, row.PriorSince, row.PriorAbove, row.PriorBelow);
        return batch.WriteAsync(unit);
    }

    private void Keep(string worldId, Members members)
    {
        if (_kept.Count >= WorldsKept) _kept.Clear();
        _kept.AddOrUpdate(worldId, static (_, fresh) => fresh, static (_, known, fresh) => fresh.Revision >= known.Revision ? fresh : known, members);
    }
}
