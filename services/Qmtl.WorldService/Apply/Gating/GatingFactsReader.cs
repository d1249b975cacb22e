using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Apply.Gating;

/// <summary>The measures of the newest risk snapshot of a world that is still fresh.</summary>
internal interface IRiskMeasures
{
    /// <summary>By name, such as leverage; null without a fresh snapshot.</summary>
    Task<IReadOnlyDictionary<string, double>?> FreshAsync(ISession session, string worldId, DateTimeOffset now);
}

/// <summary>Caches that strategies hit across contexts: each reports its own, with its data facts.</summary>
internal static class CrossContext
{
    /// <summary>The conformance flag that counts them.</summary>
    public const string Flag = "cross_context_cache_hit";

    /// <summary>The sum over the newest report of every node of the world's strategies.</summary>
    public static async Task<int> HitsAsync(ISession session, string worldId)
    {
        var reports = await session.QueryAsync<string>("SELECT report FROM ws_history WHERE world_id = @worldId AND report LIKE @flag", new { worldId, flag = $"%{Flag}%" });
        return reports.Sum(report => Math.Max(0, Json.Read<HistoryReport>(report).ConformanceFlags.GetValueOrDefault(Flag)));
    }
}

/// <summary>Reads what a gating policy is held against.</summary>
internal sealed class GatingFactsReader(IRiskMeasures risk)
{
    public async Task<GatingFacts> ReadAsync(ISession session, DecisionInputs inputs, GatingPlan plan, IReadOnlyCollection<string> moving, DateTimeOffset now)
    {
        var worldId = inputs.WorldId;
        var stages = (await StageStore.ListAsync(session, worldId)).ToDictionary(row => row.StrategyId, row => row.Stage, StringComparer.Ordinal);
        var measured = await session.QueryAsync<MeasurementRow>("SELECT * FROM ws_measurements WHERE world_id = @worldId", new { worldId });
        return new GatingFacts(
            inputs.Facts?.Fingerprint,
            await CrossContext.HitsAsync(session, worldId),
            plan.RiskLimits.Count > 0 ? await risk.FreshAsync(session, worldId, now) : null,
            moving.ToDictionary(id => id, id => stages.GetValueOrDefault(id, StageNames.Backtest), StringComparer.Ordinal),
            At(measured, moving, StageNames.Paper),
            At(measured, moving, StageNames.Backtest));
    }

    private static Dictionary<string, IReadOnlyDictionary<string, double>> At(IReadOnlyList<MeasurementRow> rows, IReadOnlyCollection<string> strategies, string stage) => rows
        .Where(row => string.Equals(row.Stage, stage, StringComparison.Ordinal) && strategies.Contains(row.StrategyId, StringComparer.Ordinal))
        .ToDictionary(row => row.StrategyId, row => (IReadOnlyDictionary<string, double>)row.ReadMetrics(), StringComparer.Ordinal);
}
