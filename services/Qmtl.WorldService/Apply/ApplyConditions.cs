using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.WorldService.Apply.Gating;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Apply;

/// <summary>Whether a run may begin, and may still switch: asked twice, since a freeze takes time.</summary>
internal sealed class ApplyConditions(GatingFactsReader facts, ILiveEligibility eligibility)
{
    /// <summary>Refuses a run whose conditions do not hold.</summary>
    public async Task CheckAsync(ISession session, WorldRow world, DecisionInputs inputs, ApplyRunState run, DateTimeOffset now)
    {
        if (!string.Equals(world.State, WorldStates.Active, StringComparison.Ordinal))
            throw new RefusalException(ReasonCodes.WorldInactive, $"World '{run.WorldId}' is {world.State}; its owner can make it ACTIVE with PUT /worlds/{run.WorldId}.");

        // A rollback opens nothing that the circuit has frozen, and must be possible when things go wrong.
        if (run.Restore is not null) return;
        if (world.CircuitBreaker)
            throw new RefusalException(ReasonCodes.CircuitBreaker, $"The risk circuit of world '{run.WorldId}' has tripped; an operator resets it with PUT /worlds/{run.WorldId} once the cause is gone.");
        await CheckBoundAsync(session, run);
        var plan = run.ReadGating() is { } gating ? GatingRules.Read(gating) : null;
        if ((plan?.TowardsLive == true || run.Promote.Count > 0) && !world.AllowLive)
            throw new RefusalException(ReasonCodes.LiveDisabled, $"World '{run.WorldId}' does not allow live (allow_live is false); its owner can change that with PUT /worlds/{run.WorldId}.");
        if (plan is not null) GatingConditions.Check(plan, await facts.ReadAsync(session, inputs, plan, [.. run.Promote, .. run.Demote], now), now);
        if (run.Promote.Count > 0) await CheckEligibleAsync(session, world, run, now);
    }

    /// <summary>As <see cref="CheckAsync"/>, and that nobody has changed the decisions since the run began.</summary>
    public async Task CheckSwitchAsync(WorldChange change, ApplyRunState run)
    {
        if (!change.Before.Active.SequenceEqual(run.Previous, StringComparer.Ordinal))
            throw Refuse.EtagConflict($"The active set of world '{run.WorldId}'", DecisionsHandler.EtagOf(run.WorldId, run.Previous), DecisionsHandler.EtagOf(run.WorldId, change.Before.Active));
        await CheckAsync(change.Unit, change.World, change.Before, run, change.Unit.Now);
    }

    private static async Task CheckBoundAsync(ISession session, ApplyRunState run)
    {
        var bound = (await BindingStore.ListAsync(session, run.WorldId)).Select(row => row.StrategyId).ToHashSet(StringComparer.Ordinal);
        var strange = run.Target.Where(id => !bound.Contains(id)).ToArray();
        if (strange.Length == 0) return;
        var index = run.Activate.ToList().IndexOf(strange[0]);
        throw Refuse.Field(
            index < 0 ? "/plan" : $"/plan/activate/{index}",
            $"leads to '{strange[0]}', which is not bound to world '{run.WorldId}'; bind it with POST /worlds/{run.WorldId}/bindings");
    }

    private async Task CheckEligibleAsync(ISession session, WorldRow world, ApplyRunState run, DateTimeOffset now)
    {
        var blocked = (await eligibility.BlockedAsync(session, world, run.Promote, run.Grant, now)).Where(pair => pair.Value.Count > 0).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToArray();
        if (blocked.Length == 0) return;
        throw new RefusalException(
            ReasonCodes.PromotionBlocked,
            $"Not eligible for live: {string.Join("; ", blocked.Select(pair => $"'{pair.Key}' ({string.Join(", ", pair.Value)})"))}.",
            metadata: blocked.ToDictionary(pair => pair.Key, pair => string.Join(',', pair.Value), StringComparer.Ordinal));
    }
}
