using Qmtl.Storage;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Stages;

namespace Qmtl.WorldService.Apply.Gating;

/// <summary>The measures of the newest risk snapshot of a world that is still fresh.</summary>
internal interface IRiskMeasures
{
    /// <summary>By name, such as leverage; null without a fresh snapshot.</summary>
    Task<IReadOnlyDictionary<string, double>?> FreshAsync(ISession session, string worldId, DateTimeOffset now);
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
            await CrossContextReports.HitsAsync(session, worldId),
            plan.RiskLimits.Count > 0 ? await risk.FreshAsync(session, worldId, now) : null,
            moving.ToDictionary(id => id, id => stages.GetValueOrDefault(id, StageNames.Backtest), StringComparer.Ordinal),
            At(measured, moving, StageNames.Paper),
            At(measured, moving, StageNames.Backtest));
    }

    private static Dictionary<string, IReadOnlyDictionary<string, double>> At(IReadOnlyList<MeasurementRow> rows, IReadOnlyCollection<string> strategies, string stage) => rows
        .Where(row => string.Equals(row.Stage, stage, StringComparison.Ordinal) && strategies.Contains(row.StrategyId, StringComparer.Ordinal))
        .ToDictionary(row => row.StrategyId, row => (IReadOnlyDictionary<string, double>)row.ReadMetrics(), StringComparer.Ordinal);
}
