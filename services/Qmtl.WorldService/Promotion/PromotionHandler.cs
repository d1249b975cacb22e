using System.Globalization;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Apply;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Promotion;

/// <summary>Takes strategies live: on somebody's word, or where the policy does it by itself.</summary>
internal sealed class PromotionHandler(
    IDatabase database, PromotionDesk desk, PromotionReader reader, ApplyEngine engine, PromotionMetrics metrics, TimeProvider clock)
{
    public async Task<PromotionResult> ApplyAsync(PromotionApplyRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        StrategyIds.Check(request.StrategyId, "/strategy_id");
        if (request.ApplyRunId.Length > 0) RunIds.Check(request.ApplyRunId, "/apply_run_id");
        var actor = Persons.ActorOf(caller, request.Actor);
        if (request.Force && string.Equals(actor, request.SecondApprover, StringComparison.Ordinal)) throw Refuse.Field("/second_approver", "must be another person");
        var order = new PromotionOrder(
            request.WorldId, request.StrategyId, request.RunId, request.ApplyRunId, actor, request.Force, request.SecondApprover, request.GatingPolicy, Automatic: false);
        return await CountedAsync(() => CarryOutAsync(order, caller, cancellationToken));
    }

    public async Task<PromotionResult> AutoApplyAsync(PromotionAutoApplyRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        if (request.StrategyId.Length > 0) StrategyIds.Check(request.StrategyId, "/strategy_id");
        var (promotion, blocked) = await database.ReadAsync(session => ChooseAsync(session, request), cancellationToken);
        if (blocked.Count > 0)
        {
            metrics.PromotionFailed(blocked[0]);
            var refused = new PromotionResult { Reason = blocked[0], Plan = promotion is null ? new PromotionPlan { WorldId = request.WorldId, StrategyId = request.StrategyId } : PromotionMessages.Plan(promotion, blocked) };
            if (promotion is null) refused.Plan.BlockedReasons.Add(blocked);
            return refused;
        }

        var run = promotion!.Run!;
        var name = string.Create(CultureInfo.InvariantCulture, $"auto-live-{run.RunId}-{clock.GetUtcNow().ToUnixTimeSeconds()}");
        if (name.Length > StrategyIds.MaxLength) name = "auto-live-" + Blake3.HashHex(System.Text.Encoding.UTF8.GetBytes(name))[..32];
        var order = new PromotionOrder(request.WorldId, run.StrategyId, run.RunId, name, caller.Subject, Forced: false, "", Gating: null, Automatic: true);
        return await CountedAsync(() => CarryOutAsync(order, caller, cancellationToken));
    }

    /// <summary>The freshest paper run of the strategies that are not live, and what keeps it from going there.</summary>
    private async Task<(PromotionCase? Case, IReadOnlyList<string> Blocked)> ChooseAsync(ISession session, PromotionAutoApplyRequest request)
    {
        var now = clock.GetUtcNow();
        var world = await reader.WorldAsync(session, await WorldStore.GetAsync(session, request.WorldId), now);
        if (await PromotionReader.CandidatesAsync(session, request.WorldId, request.StrategyId, 1) is [var freshest])
        {
            var promotion = await PromotionReader.ReadAsync(session, world, freshest.StrategyId, freshest.RunId, now);
            return (promotion, PromotionRules.AutoBlocked(anyRuns: true, promotion.Inputs, promotion.Verdict));
        }

        var runs = await session.ScalarAsync<long>(
            "SELECT COUNT(*) FROM ws_runs WHERE world_id = @WorldId AND (@StrategyId = '' OR strategy_id = @StrategyId)", new { request.WorldId, request.StrategyId });
        return (null, PromotionRules.AutoBlocked(anyRuns: runs > 0, null, null));
    }

    private async Task<PromotionResult> CarryOutAsync(PromotionOrder order, Caller caller, CancellationToken cancellationToken)
    {
        var (promotion, record) = await desk.TakeAsync(order, caller, cancellationToken);
        var plan = PromotionMessages.Plan(promotion);
        if (record is null)
        {
            plan.Explanations[PromotionReasons.SecondPerson] = PromotionExplanations.Explain(PromotionReasons.SecondPerson, promotion.Inputs, promotion.Verdict);
            return new PromotionResult { Reason = PromotionReasons.SecondPerson, Plan = plan };
        }

        if (record.Status is PromotionStatuses.Failed && record.Reason.Length > 0) return new PromotionResult { Reason = record.Reason, Plan = plan };
        var ack = await StartAsync(record, caller, cancellationToken);
        if (!ack.Ok) metrics.PromotionFailed(ack.Reason);
        var applied = ack.Ok && ack.Phase is "completed";
        return new PromotionResult { Applied = applied, Reason = applied ? PromotionReasons.Applied : ack.Ok ? ack.Phase : ack.Reason, Plan = plan, Apply = ack };
    }

    /// <summary>A promotion whose apply is refused has failed; one whose answer is lost goes on, and is found again under its id.</summary>
    private async Task<ApplyAck> StartAsync(PromotionRow record, Caller caller, CancellationToken cancellationToken)
    {
        try
        {
            return await engine.StartAsync(Json.Read<ApplyRequest>(record.Request), caller, new LiveGrant(record.StrategyId, record.RunId, record.Forced), cancellationToken);
        }
        catch (RefusalException refusal)
        {
            await desk.FailAsync(record, refusal.Code.Code, caller, CancellationToken.None);
            throw;
        }
    }

    private async Task<PromotionResult> CountedAsync(Func<Task<PromotionResult>> promote)
    {
        try
        {
            return await promote();
        }
        catch (RefusalException refusal)
        {
            metrics.PromotionFailed(refusal.Metadata.TryGetValue("blocked_reasons", out var reasons) ? reasons.Split(',')[0] : refusal.Code.Code);
            throw;
        }
    }
}
