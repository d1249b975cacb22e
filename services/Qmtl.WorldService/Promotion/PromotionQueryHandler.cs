using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Promotion;

/// <summary>Tells who may go live, what would change, and what happened before; changes nothing.</summary>
internal sealed class PromotionQueryHandler(IDatabase database, PromotionReader reader, TimeProvider clock)
{
    private const int DefaultCandidates = 20;
    private const int MostCandidates = 200;
    private const int DefaultRecords = 50;
    private const int MostRecords = 500;

    public Task<PromotionPlan> PlanAsync(PromotionPlanRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        StrategyIds.Check(request.StrategyId, "/strategy_id");
        return database.ReadAsync(
            async session => PromotionMessages.Plan(await reader.ReadAsync(session, request.WorldId, request.StrategyId, request.RunId, clock.GetUtcNow())), cancellationToken);
    }

    public Task<PromotionCandidates> ListCandidatesAsync(PromotionCandidatesRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var limit = Refuse.Limit(request.Limit, DefaultCandidates, MostCandidates);
        return database.ReadAsync(
            async session =>
            {
                var now = clock.GetUtcNow();
                var world = await reader.WorldAsync(session, await WorldStore.GetAsync(session, request.WorldId), now);
                var response = new PromotionCandidates { WorldId = request.WorldId, Mode = PromotionModes.Of(world.Policy?.Governance) };
                if (response.Mode is PromotionModes.Disabled) return response;
                foreach (var row in await PromotionReader.CandidatesAsync(session, request.WorldId, "", limit))
                {
                    var plan = request.IncludePlan ? PromotionMessages.Plan(await PromotionReader.ReadAsync(session, world, row.StrategyId, row.RunId, now)) : null;
                    response.Candidates.Add(PromotionMessages.Candidate(row.ToMessage(), await RatioAsync(session, row), plan));
                }

                return response;
            },
            cancellationToken);
    }

    public Task<ListPromotionsResponse> ListAsync(ListPromotionsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var limit = Refuse.Limit(request.Limit, DefaultRecords, MostRecords);
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var response = new ListPromotionsResponse();
                response.Promotions.Add((await PromotionStore.ListAsync(session, request.WorldId, request.StrategyId, limit)).Select(row => row.ToMessage()));
                return response;
            },
            cancellationToken);
    }

    /// <summary>Paper over backtest Sharpe ratio: as the evaluation found it, else from the newest measurements.</summary>
    private static async Task<double?> RatioAsync(ISession session, RunRow row)
    {
        if (row.ToMessage().Metrics?.Values.TryGetValue("paper_vs_backtest_sharpe_ratio", out var found) == true) return found;
        var measured = await session.QueryAsync<MeasurementRow>(
            "SELECT * FROM ws_measurements WHERE world_id = @WorldId AND strategy_id = @StrategyId", new { row.WorldId, row.StrategyId });
        var ratio = Sharpe(measured, StageNames.Paper) / Sharpe(measured, StageNames.Backtest);
        return ratio is { } value && double.IsFinite(value) ? value : null;
    }

    private static double? Sharpe(IReadOnlyList<MeasurementRow> rows, string stage) =>
        rows.FirstOrDefault(row => string.Equals(row.Stage, stage, StringComparison.Ordinal))?.ReadMetrics().TryGetValue("sharpe", out var value) == true ? value : null;
}
