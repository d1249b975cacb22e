using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.History;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Promotion;

/// <summary>A request to take a strategy live, checked in form.</summary>
/// <param name="Automatic">Whether the policy asks for it, so that its draw counts too.</param>
internal sealed record PromotionOrder(
    string WorldId, string StrategyId, string RunId, string ApplyRunId, string Actor, bool Forced, string SecondApprover, GatingPolicy? Gating, bool Automatic);

/// <summary>What became of it before any apply.</summary>
/// <param name="Promotion">The promotion that was recorded; null when it has to wait for a second person.</param>
internal sealed record PromotionTicket(PromotionCase Case, PromotionRow? Promotion);

/// <summary>Takes in requests to go live: in one transaction they are judged and recorded, or refused without a trace in the state.</summary>
internal sealed class PromotionDesk(WorldWriter writer, PromotionReader reader)
{
    /// <summary>How long the consent of one person to a forced promotion waits for that of another.</summary>
    public static readonly TimeSpan ConsentLifetime = TimeSpan.FromHours(24);

    /// <summary>Records a promotion, or finds the one of this apply run id.</summary>
    /// <exception cref="RefusalException">Something stands in the way, or the id names something else.</exception>
    public Task<PromotionTicket> TakeAsync(PromotionOrder order, Caller caller, CancellationToken cancellationToken) => writer.ChangeAsync(
        order.WorldId,
        caller,
        async change =>
        {
            var unit = change.Unit;
            var promotion = await reader.ReadAsync(unit, order.WorldId, order.StrategyId, order.RunId, unit.Now);
            if (order.ApplyRunId.Length > 0 && await FindAsync(unit, order) is { } earlier) return new PromotionTicket(promotion, earlier);
            var row = promotion.RequireRun();
            var forced = order.Forced && promotion.Verdict.Blocked.Any(PromotionReasons.IsWaivable);
            Check(order, promotion, forced);
            var second = forced ? await SecondAsync(change, order, promotion, row.InputHash) : "";
            if (forced && second.Length == 0) return new PromotionTicket(promotion, null);
            var record = new PromotionRow
            {
                WorldId = order.WorldId,
                ApplyRunId = order.ApplyRunId.Length > 0 ? order.ApplyRunId : await NameAsync(unit, order, row.RunId),
                Kind = PromotionKinds.Promotion,
                StrategyId = order.StrategyId,
                RunId = row.RunId,
                Status = PromotionStatuses.Applying,
                Actor = order.Actor,
                SecondApprover = second,
                Forced = forced,
                RequestedAt = unit.Now,
            };
            record = record with { Request = Json.Write(await RequestAsync(unit, order, promotion, record.ApplyRunId)) };
            await PromotionStore.InsertAsync(unit, record);
            await PromotionStore.ForgetConsentsAsync(unit, order.WorldId, order.StrategyId);
            await change.AuditAsync(forced ? "live_promotion_forced" : "live_promotion_requested", record.ToMessage(), PromotionMessages.Plan(promotion), "live");
            return new PromotionTicket(promotion, record);
        },
        cancellationToken);

    /// <summary>Says that the apply of a promotion never began.</summary>
    public Task FailAsync(PromotionRow promotion, string reason, Caller caller, CancellationToken cancellationToken) => writer.ChangeAsync(
        promotion.WorldId,
        caller,
        async change =>
        {
            await FailAsync(change, promotion.ApplyRunId, reason);
            return true;
        },
        cancellationToken);

    /// <summary>Says, with the change that finds it out, that a promotion came to nothing. An apply that is no promotion is passed over.</summary>
    public static async Task FailAsync(WorldChange change, string applyRunId, string reason)
    {
        if (await PromotionStore.FindAsync(change.Unit, change.World.WorldId, applyRunId) is not { Kind: PromotionKinds.Promotion } promotion) return;
        await PromotionStore.FailAsync(change.Unit, promotion.WorldId, applyRunId, reason);
        await change.AuditAsync("live_promotion_failed", (promotion with { Status = PromotionStatuses.Failed, Reason = reason, EndedAt = change.Unit.Now }).ToMessage(), null, "live");
    }

    private static void Check(PromotionOrder order, PromotionCase promotion, bool forced)
    {
        var blocked = order.Automatic ? PromotionRules.AutoBlocked(anyRuns: true, promotion.Inputs, promotion.Verdict) : forced ? promotion.Verdict.BlockedWhenForced : promotion.Verdict.Blocked;
        if (blocked.Count > 0) throw PromotionMessages.Blocked(promotion, blocked);
    }

    /// <summary>The other person of a forced promotion; empty when nobody else has asked yet, and then this one's consent is kept.</summary>
    private static async Task<string> SecondAsync(WorldChange change, PromotionOrder order, PromotionCase promotion, string content)
    {
        Persons.RequireApprover(order.Actor, promotion.Owner, promotion.Governance, order.StrategyId);
        var others = await PromotionStore.OthersAsync(
            change.Unit, order.WorldId, order.StrategyId, promotion.RequireRun().RunId, order.Actor, content, change.Unit.Now - ConsentLifetime);
        var second = others.FirstOrDefault(other =>
            (order.SecondApprover.Length == 0 || string.Equals(other, order.SecondApprover, StringComparison.Ordinal)) && Persons.MayApprove(other, promotion.Owner, promotion.Governance));
        if (second is not null) return second;
        await PromotionStore.ConsentAsync(change.Unit, order.WorldId, order.StrategyId, promotion.RequireRun().RunId, order.Actor, content);
        await change.AuditAsync("live_force_consented", PromotionMessages.Plan(promotion), null, "live");
        return "";
    }

    private static async Task<PromotionRow?> FindAsync(IUnitOfWork unit, PromotionOrder order)
    {
        if (await PromotionStore.FindAsync(unit, order.WorldId, order.ApplyRunId) is { } earlier)
        {
            var same = earlier.Kind is PromotionKinds.Promotion && string.Equals(earlier.StrategyId, order.StrategyId, StringComparison.Ordinal)
                && (order.RunId.Length == 0 || string.Equals(earlier.RunId, order.RunId, StringComparison.Ordinal));
            return same ? earlier : throw Taken(order);
        }

        var taken = await unit.ScalarAsync<long>("SELECT COUNT(*) FROM ws_apply_runs WHERE world_id = @WorldId AND run_id = @ApplyRunId", new { order.WorldId, order.ApplyRunId });
        return taken == 0 ? null : throw Taken(order);
    }

    private static RefusalException Taken(PromotionOrder order) =>
        new(ReasonCodes.EtagConflict, $"Run '{order.ApplyRunId}' of world '{order.WorldId}' is another one already. Take another apply_run_id.");

    /// <summary>One name for each try of a run, so that a repeated request finds its own.</summary>
    private static async Task<string> NameAsync(ISession session, PromotionOrder order, string runId)
    {
        var tries = await PromotionStore.CountEndedAsync(session, order.WorldId, order.StrategyId, runId);
        var name = $"live-{order.StrategyId}-{runId}";
        if (name.Length > StrategyIds.MaxLength - 8) name = "live-" + Blake3.HashHex(System.Text.Encoding.UTF8.GetBytes(name))[..32];
        return tries == 0 ? name : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name}-{tries + 1}");
    }

    private static async Task<ApplyRequest> RequestAsync(ISession session, PromotionOrder order, PromotionCase promotion, string applyRunId)
    {
        var (inputs, verdict) = (promotion.Inputs, promotion.Verdict);
        return new ApplyRequest
        {
            WorldId = order.WorldId,
            RunId = applyRunId,
            Plan = new ApplyPlan { Activate = { verdict.Activate }, Deactivate = { verdict.Deactivate } },
            GatingPolicy = order.Gating ?? LiveGating.Standard(await FingerprintAsync(session, promotion)),
            Etag = DecisionsHandler.EtagOf(order.WorldId, inputs.Decisions),
            Stage = "live",
            StrategyId = order.StrategyId,
        };
    }

    /// <summary>The data that the world's decision rests on; where nobody reported any, the data that the run was judged on.</summary>
    private static async Task<string> FingerprintAsync(ISession session, PromotionCase promotion)
    {
        var reports = await HistoryStore.ListAsync(session, promotion.World.WorldId, "", "");
        return reports.MaxBy(row => row.UpdatedAt) is { } newest && Json.Read<HistoryReport>(newest.Report).DatasetFingerprint is { Length: > 0 } named ? named
            : promotion.Inputs.Run?.DatasetFingerprint ?? "";
    }
}
