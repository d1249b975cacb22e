using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Apply.Gating;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Apply;

/// <summary>What each step of the state machine does to a world, within the transaction that stores the step.</summary>
internal sealed class ApplyStages(ActivationReconciler reconciler, ApplyConditions conditions)
{
    /// <summary>Carries out an effect.</summary>
    /// <returns>The run with what it has to remember.</returns>
    public async Task<ApplyRunState> CarryOutAsync(WorldChange change, ApplyRunState before, ApplyRunState run, ApplyEffect effect) => effect switch
    {
        ApplyEffect.Freeze => await FreezeAsync(change, run),
        ApplyEffect.Switch => await SwitchAsync(change, run),
        ApplyEffect.Unfreeze => await UnfreezeAsync(change, run),
        ApplyEffect.Repeat => await RepeatAsync(change, run),
        ApplyEffect.Complete => await CompleteAsync(change, run),
        ApplyEffect.RollBack => await RollBackAsync(change, before, run),
        _ => run,
    };

    private static async Task<ApplyRunState> FreezeAsync(WorldChange change, ApplyRunState run)
    {
        var entries = await ActivationStore.ListAsync(change.Unit, run.WorldId);
        run = run with
        {
            Snapshot = [.. entries.Select(entry => entry with { Held = false })],
            Stages = (await StageStore.ListAsync(change.Unit, run.WorldId)).ToDictionary(row => row.StrategyId, row => row.Stage, StringComparer.Ordinal),
        };
        if (run.ReadGating() is { } gating)
        {
            var plan = GatingRules.Read(gating);
            run = run with { Edges = await DomainEdges.SnapshotAsync(change.Unit, run.WorldId, plan.Close.ToToken(), plan.Open.ToToken()) };
            await DomainEdges.CloseAsync(change.Unit, run.WorldId, plan.Close.ToToken(), $"apply {run.RunId}: freeze", run.Actor);
        }

        return await HoldAsync(change, run, entries, applyRunId: run.RunId);
    }

    private async Task<ApplyRunState> SwitchAsync(WorldChange change, ApplyRunState run)
    {
        await conditions.CheckSwitchAsync(change, run);
        if (run.Restore is { } restore) return await RestoreAsync(change, run, restore);

        await DecisionStore.ReplaceAsync(change.Unit, run.WorldId, run.Target);
        foreach (var strategy in run.Promote) await StageStore.SetAsync(change.Unit, run.WorldId, strategy, StageNames.Live, run.RunId);
        var stages = await StageStore.ListAsync(change.Unit, run.WorldId);
        foreach (var strategy in run.Demote.Union(run.Previous.Except(run.Target, StringComparer.Ordinal), StringComparer.Ordinal))
        {
            if (IsLive(stages, strategy)) await StageStore.SetAsync(change.Unit, run.WorldId, strategy, StageNames.Paper, run.RunId);
        }

        await ReconcileAsync(change, run);
        return run;
    }

    private async Task<ApplyRunState> RestoreAsync(WorldChange change, ApplyRunState run, ApplyRestore restore)
    {
        // Whoever was unbound meanwhile does not come back.
        var bound = (await BindingStore.ListAsync(change.Unit, run.WorldId)).Select(row => row.StrategyId).ToHashSet(StringComparer.Ordinal);
        string[] active = [.. restore.Active.Where(bound.Contains)];
        await DecisionStore.ReplaceAsync(change.Unit, run.WorldId, active);
        foreach (var row in await StageStore.ListAsync(change.Unit, run.WorldId))
        {
            // A rollback takes live away from whom the run gave it; it gives it to nobody.
            var was = restore.Stages.GetValueOrDefault(row.StrategyId, StageNames.Backtest);
            if (row.Stage is StageNames.Live && (was is not StageNames.Live || !active.Contains(row.StrategyId, StringComparer.Ordinal)))
                await StageStore.SetAsync(change.Unit, run.WorldId, row.StrategyId, was is StageNames.Live ? StageNames.Paper : was, run.RunId);
        }

        await ReconcileAsync(change, run);
        var entries = await ActivationStore.ListAsync(change.Unit, run.WorldId);
        var restored = ApplyEntries.Restored(restore.Entries, active, entries);
        var changed = restored.Where((entry, index) => entry != entries[index]);
        await ActivationReconciler.SaveAsync(change, entries, ApplyEntries.Stamp(changed, run.RunId, change.Unit.Now));
        return run with { Target = active };
    }

    /// <summary>Here and not at the end of the transaction: what follows rests on entries that agree with the decision.</summary>
    private async Task ReconcileAsync(WorldChange change, ApplyRunState run)
    {
        change.AffectsDecision(run.RunId);
        await reconciler.ReconcileAsync(change);
        change.Reconciled();
    }

    private static async Task<ApplyRunState> UnfreezeAsync(WorldChange change, ApplyRunState run)
    {
        if (run.ReadGating() is { } gating)
        {
            var plan = GatingRules.Read(gating);

            // allow_live may have been taken away since the switch; then the way to live stays shut.
            if (plan.Open is not ExecutionDomain.Live || change.World.AllowLive)
                await DomainEdges.OpenAsync(change.Unit, run.WorldId, plan.From.ToToken(), plan.Open.ToToken(), $"apply {run.RunId}: unfreeze", run.Actor);
        }

        if (run.Restore is { } restore) await DomainEdges.RestoreAsync(change.Unit, run.WorldId, restore.Edges, change.World.AllowLive);
        change.Held = false;
        await ApplyStore.MarkAsync(change.Unit, run.WorldId, run.RunId, frozenBy: null);
        var entries = await ActivationStore.ListAsync(change.Unit, run.WorldId);
        var released = ApplyEntries.Stamp(ApplyEntries.Released(run, entries), run.RunId, change.Unit.Now);
        run = Number(run, [.. released.Select(entry => new EntryKey(entry.StrategyId, entry.Side)), default], change.Unit.Now);
        await ActivationReconciler.SaveAsync(change, entries, released, Numbering(run, "unfreeze"));
        await PublishWorldAsync(change, run, released, frozen: false);
        await PublishPolicyAsync(change);
        return run;
    }

    /// <summary>The same numbers again, with the entries as they stand now: never what is no longer true.</summary>
    private static async Task<ApplyRunState> RepeatAsync(WorldChange change, ApplyRunState run)
    {
        var entries = await ActivationStore.ListAsync(change.Unit, run.WorldId);
        var hash = ActivationStore.HashOf(run.WorldId, entries);
        var number = Numbering(run, "unfreeze");
        var numbered = run.Numbered.ToHashSet();
        foreach (var entry in entries.Where(entry => numbered.Contains(new EntryKey(entry.StrategyId, entry.Side))))
        {
            var message = entry.ToEvent(hash);
            message.RunId = run.RunId;
            number(message);
            await change.PublishAsync("activation_updated", message);
        }

        await PublishWorldAsync(change, run, entries, frozen: false);
        return run;
    }

    /// <summary>Ends the run. What was promoted may have been taken back since the switch; then the answer must not be that it stands at live.</summary>
    private static async Task<ApplyRunState> CompleteAsync(WorldChange change, ApplyRunState run)
    {
        await ApplyStore.MarkAsync(change.Unit, run.WorldId, applyRunId: null, change.World.FrozenBy);
        if (run.Promote.Count == 0) return run;
        var stages = await StageStore.ListAsync(change.Unit, run.WorldId);
        if (run.Promote.All(strategy => IsLive(stages, strategy))) return run;
        var reason = change.World.AllowLive ? ReasonCodes.PromotionRevoked : ReasonCodes.LiveDisabled;
        await PromotionDesk.FailAsync(change, run.RunId, reason.Code);
        return run with { Machine = run.Machine with { Reason = reason.Code } };
    }

    private async Task<ApplyRunState> RollBackAsync(WorldChange change, ApplyRunState before, ApplyRunState run)
    {
        if (before.Machine.Phase is ApplyPhase.Requested)
        {
            await ApplyStore.MarkAsync(change.Unit, run.WorldId, applyRunId: null, change.World.FrozenBy);
            return run;
        }

        // After the switch the old set has to come back first, under the hold.
        change.Held = true;
        if (before.Machine.Phase is not ApplyPhase.Freeze) await RestoreAsync(change, run, new ApplyRestore(run.Previous, run.Snapshot, run.Stages, run.Edges));
        await DomainEdges.RestoreAsync(change.Unit, run.WorldId, run.Edges, change.World.AllowLive);
        return await HoldAsync(change, run, await ActivationStore.ListAsync(change.Unit, run.WorldId), applyRunId: null);
    }

    /// <summary>Closes the world: first as a whole, for whoever keeps what is not listed, then entry by entry.</summary>
    private static async Task<ApplyRunState> HoldAsync(WorldChange change, ApplyRunState run, IReadOnlyList<ActivationEntry> entries, string? applyRunId)
    {
        change.Held = true;
        await ApplyStore.MarkAsync(change.Unit, run.WorldId, applyRunId, frozenBy: run.RunId);
        run = Number(run, [default, .. entries.Select(entry => new EntryKey(entry.StrategyId, entry.Side))], change.Unit.Now);
        var held = ApplyEntries.Stamp(entries.Select(entry => entry with { Held = true }), run.RunId, change.Unit.Now);
        await PublishWorldAsync(change, run, held, frozen: true);
        await ActivationReconciler.SaveAsync(change, entries, held, Numbering(run, "freeze"));
        return run;
    }

    private static ApplyRunState Number(ApplyRunState run, IReadOnlyList<EntryKey> keys, DateTimeOffset now) =>
        run with { LastSequence = run.LastSequence + keys.Count, Numbered = keys, PublishedAt = now };

    private static Action<ActivationUpdated> Numbering(ApplyRunState run, string phase)
    {
        var first = run.LastSequence - run.Numbered.Count + 1;
        var numbers = run.Numbered.Select((key, index) => (key, first + index)).ToDictionary(pair => pair.key, pair => pair.Item2);
        return message =>
        {
            message.Phase = phase;
            message.RequiresAck = true;
            message.Sequence = numbers[message.StrategyId is null ? default : new EntryKey(message.StrategyId, message.Side)];
            message.LastSequence = run.LastSequence;
        };
    }

    /// <summary>The event about the world itself: without a mode it opens nothing, and there is one even where there are no entries.</summary>
    private static ValueTask PublishWorldAsync(WorldChange change, ApplyRunState run, IReadOnlyList<ActivationEntry> entries, bool frozen)
    {
        var message = new ActivationUpdated
        {
            Version = 1,
            WorldId = run.WorldId,
            Active = frozen ? false : null,
            Freeze = frozen,
            Drain = frozen,
            Etag = $"apply:{run.WorldId}:{run.RunId}",
            RunId = run.RunId,
            Ts = Timestamp.FromDateTimeOffset(change.Unit.Now),
            StateHash = ActivationStore.HashOf(run.WorldId, entries),
        };
        Numbering(run, frozen ? "freeze" : "unfreeze")(message);
        message.EntityVersion = message.Sequence!.Value;
        return change.PublishAsync("activation_updated", message);
    }

    private static async Task PublishPolicyAsync(WorldChange change)
    {
        if (await PolicyStore.FindAsync(change.Unit, change.World.WorldId, change.World.DefaultPolicyVersion) is not { } policy) return;
        await change.PublishAsync("policy_updated", new PolicyUpdated
        {
            Version = 1,
            WorldId = change.World.WorldId,
            PolicyVersion = policy.Version,
            Checksum = policy.Checksum,
            Status = policy.Status,
            Ts = Timestamp.FromDateTimeOffset(change.Unit.Now),
        });
    }

    private static bool IsLive(IReadOnlyList<StageRow> stages, string strategy) =>
        stages.Any(row => row.Stage is StageNames.Live && string.Equals(row.StrategyId, strategy, StringComparison.Ordinal));
}
