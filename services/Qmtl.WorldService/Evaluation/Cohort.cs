using System.Text.Json;
using Qmtl.Storage;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>A row of <c>ws_measurements</c>: the newest metrics of one strategy at one stage.</summary>
internal sealed record MeasurementRow
{
    public string WorldId { get; init; } = "";

    public string StrategyId { get; init; } = "";

    public string Stage { get; init; } = "";

    public string RunId { get; init; } = "";

    public string Side { get; init; } = "long";

    public string Metrics { get; init; } = "{}";

    public DateTimeOffset? DataStart { get; init; }

    public DateTimeOffset? DataEnd { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public Dictionary<string, double> ReadMetrics() => JsonSerializer.Deserialize<Dictionary<string, double>>(Metrics)!;

    public Candidate ToCandidate() => new(StrategyId, ParseSide(Side), ReadMetrics(), DataEnd, DataEnd - DataStart);

    private static StrategySide ParseSide(string side) => side switch { "short" => StrategySide.Short, "both" => StrategySide.Both, _ => StrategySide.Long };
}

/// <summary>What an evaluation finds in the store: the strategies of a world, their newest metrics, and what hysteresis remembers.</summary>
internal sealed record Cohort(
    IReadOnlyList<string> Bound,
    IReadOnlyList<string> Active,
    ILookup<string, MeasurementRow> Measurements,
    IReadOnlyDictionary<string, SelectionRow> Selection)
{
    public static async Task<Cohort> LoadAsync(ISession session, string worldId) => new(
        [.. (await BindingStore.ListAsync(session, worldId)).Select(row => row.StrategyId)],
        await DecisionStore.ActiveAsync(session, worldId),
        (await session.QueryAsync<MeasurementRow>("SELECT * FROM ws_measurements WHERE world_id = @worldId", new { worldId })).ToLookup(row => row.StrategyId, StringComparer.Ordinal),
        (await session.QueryAsync<SelectionRow>("SELECT * FROM ws_selection WHERE world_id = @worldId", new { worldId })).ToDictionary(row => row.StrategyId, StringComparer.Ordinal));

    /// <summary>The newest metrics of a strategy: of this stage if there are any, else of whichever stage came last.</summary>
    public MeasurementRow? Latest(string strategyId, string stage) => Measurements[strategyId]
        .OrderByDescending(row => string.Equals(row.Stage, stage, StringComparison.Ordinal)).ThenByDescending(row => row.UpdatedAt).ThenBy(row => row.Stage, StringComparer.Ordinal)
        .FirstOrDefault();

    public static Task SaveAsync(IUnitOfWork unit, MeasurementRow row) => unit.ExecuteAsync(
        """
        INSERT INTO ws_measurements (world_id, strategy_id, stage, run_id, side, metrics, data_start, data_end, updated_at)
        VALUES (@WorldId, @StrategyId, @Stage, @RunId, @Side, @Metrics, @DataStart, @DataEnd, @UpdatedAt)
        ON CONFLICT (world_id, strategy_id, stage) DO UPDATE SET run_id = excluded.run_id, side = excluded.side, metrics = excluded.metrics,
            data_start = excluded.data_start, data_end = excluded.data_end, updated_at = excluded.updated_at
        """,
        row);

    public static Task SaveAsync(IUnitOfWork unit, SelectionRow row) => unit.ExecuteAsync(
        """
        INSERT INTO ws_selection (world_id, strategy_id, run_id, active, since, above, below, prior_active, prior_since, prior_above, prior_below)
        VALUES (@WorldId, @StrategyId, @RunId, @Active, @Since, @Above, @Below, @PriorActive, @PriorSince, @PriorAbove, @PriorBelow)
        ON CONFLICT (world_id, strategy_id) DO UPDATE SET run_id = excluded.run_id, active = excluded.active, since = excluded.since, above = excluded.above,
            below = excluded.below, prior_active = excluded.prior_active, prior_since = excluded.prior_since, prior_above = excluded.prior_above, prior_below = excluded.prior_below
        """,
        row);
}

/// <summary>A row of <c>ws_selection</c>: the state after its run, and the one before it.</summary>
internal sealed record SelectionRow
{
    public string WorldId { get; init; } = "";

    public string StrategyId { get; init; } = "";

    public string RunId { get; init; } = "";

    public bool Active { get; init; }

    public DateTimeOffset? Since { get; init; }

    public int Above { get; init; }

    public int Below { get; init; }

    public bool PriorActive { get; init; }

    public DateTimeOffset? PriorSince { get; init; }

    public int PriorAbove { get; init; }

    public int PriorBelow { get; init; }

    /// <summary>What the run <paramref name="runId"/> starts from: its own earlier effect does not count.</summary>
    public StrategyState Before(string runId) =>
        string.Equals(RunId, runId, StringComparison.Ordinal) ? new(PriorActive, PriorSince, PriorAbove, PriorBelow) : new(Active, Since, Above, Below);

    public static SelectionRow Of(string worldId, string runId, string strategyId, StrategyState before, StrategyState after) => new()
    {
        WorldId = worldId,
        StrategyId = strategyId,
        RunId = runId,
        Active = after.Active,
        Since = after.Since,
        Above = after.Above,
        Below = after.Below,
        PriorActive = before.Active,
        PriorSince = before.Since,
        PriorAbove = before.Above,
        PriorBelow = before.Below,
    };
}
