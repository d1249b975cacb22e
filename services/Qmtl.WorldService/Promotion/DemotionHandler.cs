using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Promotion;

/// <summary>
/// Takes a strategy back from live. The way back must never be shut, so it holds at once, in one transaction, whatever else is going on; the apply
/// that follows makes every gateway acknowledge it.
/// </summary>
internal sealed class DemotionHandler(WorldWriter writer, ApplyEngine engine, PromotionMetrics metrics, TimeProvider clock)
{
    private const int ReasonLength = 2_000;

    public async Task<DemotionResult> DemoteAsync(DemoteLiveRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        StrategyIds.Check(request.StrategyId, "/strategy_id");
        if (request.Reason.Trim().Length is 0 or > ReasonLength) throw Refuse.Field("/reason", $"must say why, in 1 to {ReasonLength} characters");
        if (request.ApplyRunId.Length > 0) RunIds.Check(request.ApplyRunId, "/apply_run_id");
        var actor = Persons.ActorOf(caller, request.Actor);
        var record = await writer.ChangeAsync(request.WorldId, caller, change => TakeDownAsync(change, request, actor), cancellationToken);
        var result = new DemotionResult { WorldId = request.WorldId, StrategyId = request.StrategyId, Stage = StageNames.Paper, ApplyRunId = record.ApplyRunId };
        try
        {
            result.Apply = await engine.StartAsync(Json.Read<ApplyRequest>(record.Request), caller, grant: null, cancellationToken, [request.StrategyId]);
            if (result.Apply.Phase is "rolled_back") metrics.DemotionFailed(result.Apply.Reason);
        }
        catch (RefusalException refusal)
        {
            // Demoted it is; only the acknowledgements are missing, and the answer says why.
            result.ApplyReason = refusal.Code.Code;
            metrics.DemotionFailed(refusal.Code.Code);
        }

        return result;
    }

    private async Task<PromotionRow> TakeDownAsync(WorldChange change, DemoteLiveRequest request, string actor)
    {
        var unit = change.Unit;
        if (request.ApplyRunId.Length > 0 && await PromotionStore.FindAsync(unit, request.WorldId, request.ApplyRunId) is { } earlier)
        {
            return earlier.Kind is PromotionKinds.Demotion && string.Equals(earlier.StrategyId, request.StrategyId, StringComparison.Ordinal) ? earlier
                : throw new RefusalException(ReasonCodes.EtagConflict, $"Run '{request.ApplyRunId}' of world '{request.WorldId}' is another one already. Take another apply_run_id.");
        }

        if (await StageStore.FindAsync(unit, request.WorldId, request.StrategyId) is not { Stage: StageNames.Live })
        {
            throw new RefusalException(ReasonCodes.PreconditionFailed, $"Strategy '{request.StrategyId}' is not live in world '{request.WorldId}'; GET /worlds/{request.WorldId}/strategies tells where each stands.");
        }

        var runId = request.ApplyRunId.Length > 0 ? request.ApplyRunId : $"demote-{clock.GetUtcNow().ToUnixTimeMilliseconds()}-{Guid.CreateVersion7():N}";
        await StageStore.SetAsync(unit, request.WorldId, request.StrategyId, StageNames.Paper, runId);
        var record = new PromotionRow
        {
            WorldId = request.WorldId,
            ApplyRunId = runId,
            Kind = PromotionKinds.Demotion,
            StrategyId = request.StrategyId,
            Actor = actor,
            Reason = request.Reason.Trim(),
            Request = Json.Write(new ApplyRequest { WorldId = request.WorldId, RunId = runId, Plan = new ApplyPlan(), StrategyId = request.StrategyId }),
            Status = PromotionStatuses.Completed,
            RequestedAt = unit.Now,
            EndedAt = unit.Now,
        };
        await PromotionStore.InsertAsync(unit, record);
        change.AffectsDecision(runId);
        await change.AuditAsync("stage_changed", null, StageRules.Describe(request.StrategyId, StageNames.Live, StageNames.Paper, "demoted"));
        await change.AuditAsync("live_demoted", request, record.ToMessage(), "live");
        return record;
    }
}
