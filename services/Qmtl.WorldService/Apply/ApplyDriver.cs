using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Apply.Gating;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Apply;

/// <summary>
/// Moves runs on, one step a transaction. All that a step depends on is read under the world's lock, so that it does not matter who
/// takes it, when, or how many try: a process that dies between two steps leaves the next one to any other.
/// </summary>
internal sealed partial class ApplyDriver(
    IDatabase database, WorldWriter writer, ApplyStages stages, ApplyOptions options, ApplySignal signal, ApplyMetrics metrics, TimeProvider clock, ILogger<ApplyDriver> logger)
{
    private readonly Quorum _quorum = options.ReadQuorum();

    /// <summary>Moves the run of a world on until it waits or is over.</summary>
    public async Task AdvanceAsync(string worldId, CancellationToken cancellationToken)
    {
        while (await IsDueAsync(worldId, cancellationToken) && await StepAsync(worldId, null, cancellationToken)) signal.Pulse(worldId);
    }

    /// <summary>Ends the run in progress, if it is still this one.</summary>
    public async Task AbortAsync(string worldId, string runId, CancellationToken cancellationToken)
    {
        if (await StepAsync(worldId, runId, cancellationToken)) signal.Pulse(worldId);
    }

    /// <summary>The observers whose acknowledgement the run waits for; empty when it waits for none.</summary>
    public async Task<IReadOnlyList<string>> MissingAsync(ISession session, ApplyRunState run, DateTimeOffset now) =>
        run.Machine.Phase is ApplyPhase.Freeze or ApplyPhase.Unfreeze or ApplyPhase.UnfreezePending
            ? _quorum.Missing(await ApplyStore.ObserversAsync(session, run.WorldId, run.RunId), run.LastSequence, run.PublishedAt, now)
            : [];

    // Most looks find a run that waits: they must not stand in the queue of the one writer.
    private Task<bool> IsDueAsync(string worldId, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            if (await InProgressAsync(session, await WorldStore.GetAsync(session, worldId)) is not { } run) return false;
            var now = clock.GetUtcNow();
            return ApplyMachine.Next(run.Machine, new ApplyInput.Look((await MissingAsync(session, run, now)).Count == 0), now).Effect is not ApplyEffect.None;
        },
        cancellationToken);

    /// <summary>One step of the run in progress; says whether there was one.</summary>
    private async Task<bool> StepAsync(string worldId, string? abort, CancellationToken cancellationToken)
    {
        var (failed, reason) = ("", "");
        try
        {
            return await TransactAsync(worldId, async (run, session, now) => abort is null
                ? new ApplyInput.Look((await MissingAsync(session, run, now)).Count == 0)
                : string.Equals(run.RunId, abort, StringComparison.Ordinal) ? new ApplyInput.Abort() : null, cancellationToken);
        }
        catch (ApplyStepException error) when (error.Effect is ApplyEffect.Switch)
        {
            (failed, reason) = (error.RunId, ReasonOf(error.InnerException!));
            LogSwitchFailed(logger, error.InnerException!, worldId, failed);
        }

        // The transaction of the switch left nothing behind; the rollback is one of its own.
        return await TransactAsync(
            worldId,
            (run, _, _) => Task.FromResult<ApplyInput?>(string.Equals(run.RunId, failed, StringComparison.Ordinal) ? new ApplyInput.SwitchFailed(reason) : null),
            cancellationToken);
    }

    private async Task<bool> TransactAsync(string worldId, Func<ApplyRunState, ISession, DateTimeOffset, Task<ApplyInput?>> choose, CancellationToken cancellationToken)
    {
        var (before, after) = await writer.ChangeAsync(
            worldId,
            new Caller("worldservice", [], ""),
            async change =>
            {
                if (await InProgressAsync(change.Unit, change.World) is not { } run || await choose(run, change.Unit, change.Unit.Now) is not { } input) return (null, null);
                var (state, effect) = ApplyMachine.Next(run.Machine, input, change.Unit.Now);
                if (effect is ApplyEffect.None) return (null, null);
                return ((ApplyRunState?, ApplyRunState?))(run, await CarryOutAsync(change, run, state, effect));
            },
            cancellationToken);
        if (before is null || after is null) return false;
        metrics.Stepped(before, after);
        return true;
    }

    private async Task<ApplyRunState> CarryOutAsync(WorldChange change, ApplyRunState run, ApplyState state, ApplyEffect effect)
    {
        change.Caller = new Caller(run.Actor, [], run.CorrelationId);
        try
        {
            var reached = run.Machine.Phase == state.Phase ? run.History : [.. run.History, new ReachedPhase(state.Phase.ToToken(), change.Unit.Now)];
            var next = await stages.CarryOutAsync(change, run, run with { Machine = state, History = reached }, effect);
            await ApplyStore.SaveAsync(change.Unit, next);
            await RecordAsync(change, next);
            return next;
        }
        catch (Exception error) when (error is not (OperationCanceledException or StorageException { Failure: StorageFailure.Contention or StorageFailure.Unavailable }))
        {
            throw new ApplyStepException(run.RunId, effect, error);
        }
    }

    /// <summary>Audits the phase, and publishes it where the gating policy asks for that.</summary>
    internal static async Task RecordAsync(WorldChange change, ApplyRunState run)
    {
        var ack = run.ToAck(run.Target);
        await change.AuditAsync("apply_stage", null, ack, run.Machine.Phase.ToToken());
        if (run.ReadGating() is not { AuditTopic: GatingRules.AuditTopic }) return;
        await change.PublishAsync("apply_stage_reached", new ApplyStageReached
        {
            Version = 1,
            WorldId = run.WorldId,
            RunId = run.RunId,
            Phase = ack.Phase,
            Reason = ack.Reason,
            Actor = run.Actor,
            Ts = Timestamp.FromDateTimeOffset(change.Unit.Now),
        });
    }

    private static async Task<ApplyRunState?> InProgressAsync(ISession session, WorldRow world) =>
        world.ApplyRunId is { } runId ? await ApplyStore.FindAsync(session, world.WorldId, runId) : null;

    private static string ReasonOf(Exception error) => error is RefusalException refusal ? refusal.Code.Code : ReasonCodes.SwitchFailed.Code;

    [LoggerMessage(1, LogLevel.Error, "The switch of apply {RunId} of world {WorldId} failed; it is rolled back and the world stays frozen.")]
    private static partial void LogSwitchFailed(ILogger logger, Exception error, string worldId, string runId);
}

/// <summary>A step of a run failed; its transaction left nothing behind.</summary>
internal sealed class ApplyStepException(string runId, ApplyEffect effect, Exception inner) : Exception($"{effect} of apply {runId} failed: {inner.Message}", inner)
{
    public string RunId { get; } = runId;

    public ApplyEffect Effect { get; } = effect;
}
