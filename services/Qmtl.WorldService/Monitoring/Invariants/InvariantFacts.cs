using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Monitoring.Invariants;

/// <summary>What is stored about a world, as one snapshot of the database shows it.</summary>
/// <param name="Policy">The policy in force; null when there is none.</param>
/// <param name="LatestRuns">The newest run of each strategy and stage.</param>
/// <param name="Approved">Runs that a person approved against their verdict.</param>
/// <param name="ApplyRuns">The phase of each of the world's apply runs, by id.</param>
/// <param name="Nodes">Nodes that the world knows, in whichever domain.</param>
internal sealed record InvariantFacts(
    WorldRow World,
    PolicyDocument? Policy,
    IReadOnlyList<StageRow> Stages,
    IReadOnlyList<EvaluationRun> LatestRuns,
    IReadOnlyList<EvaluationRun> Approved,
    IReadOnlyList<ActivationEntry> Entries,
    IReadOnlyList<string> Active,
    IReadOnlySet<string> Bound,
    IReadOnlyList<EdgeRow> Edges,
    IReadOnlyDictionary<string, string> ApplyRuns,
    IReadOnlySet<string> Nodes,
    DateTimeOffset Now)
{
    /// <summary>A client-critical world of tier high.</summary>
    public bool Strict => Json.ReadOptional<RiskProfile>(World.RiskProfile) is { Tier: "high", ClientCritical: true };

    public string StageOf(string strategyId) => Stages.FirstOrDefault(row => string.Equals(row.StrategyId, strategyId, StringComparison.Ordinal))?.Stage ?? StageNames.Backtest;

    public static async Task<InvariantFacts> LoadAsync(ISession session, PolicyStore policies, string worldId, DateTimeOffset now)
    {
        var world = await WorldStore.GetAsync(session, worldId);
        return new InvariantFacts(
            world,
            await policies.FindDefaultAsync(session, world),
            await StageStore.ListAsync(session, worldId),
            [.. (await LatestAsync(session, worldId)).Select(row => row.ToMessage())],
            [.. (await ApprovedAsync(session, worldId)).Select(row => row.ToMessage()).Where(run => run.Summary?.OverrideStatus is "approved")],
            await ActivationStore.ListAsync(session, worldId),
            await DecisionStore.ActiveAsync(session, worldId),
            (await BindingStore.ListAsync(session, worldId)).Select(row => row.StrategyId).ToHashSet(StringComparer.Ordinal),
            await EdgeStore.ListAsync(session, worldId),
            (await session.QueryAsync<ApplyRunRow>("SELECT run_id, phase FROM ws_apply_runs WHERE world_id = @worldId", new { worldId })).ToDictionary(run => run.RunId, run => run.Phase, StringComparer.Ordinal),
            (await session.QueryAsync<string>("SELECT DISTINCT node_id FROM ws_nodes WHERE world_id = @worldId", new { worldId })).ToHashSet(StringComparer.Ordinal),
            now);
    }

    private static Task<IReadOnlyList<RunRow>> LatestAsync(ISession session, string worldId) => session.QueryAsync<RunRow>(
        $"""
        SELECT * FROM (
            SELECT r.*, ROW_NUMBER() OVER (PARTITION BY strategy_id, stage ORDER BY updated_at DESC, run_id {session.Dialect.Ordinal} DESC) AS place
            FROM ws_runs r WHERE world_id = @worldId) latest
        WHERE place = 1 ORDER BY strategy_id {session.Dialect.Ordinal}, stage {session.Dialect.Ordinal}
        """,
        new { worldId });

    // The text narrows the search; what the run itself says decides.
    private static Task<IReadOnlyList<RunRow>> ApprovedAsync(ISession session, string worldId) => session.QueryAsync<RunRow>(
        $"SELECT * FROM ws_runs WHERE world_id = @worldId AND payload LIKE '%\"approved\"%' ORDER BY strategy_id {session.Dialect.Ordinal}, run_id {session.Dialect.Ordinal}", new { worldId });
}
