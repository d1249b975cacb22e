using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Apply.Gating;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Promotion;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Apply;

/// <summary>Begins applies and rollbacks. Who may call is for the handler to say; everything else is decided here.</summary>
internal sealed class ApplyEngine(
    IDatabase database, WorldWriter writer, PolicyStore policies, ApplyTargets targets, ApplyConditions conditions, ApplyDriver driver, ApplySignal signal, TimeProvider clock)
{
    private const int StandardWaitMs = 5_000;
    private const int MaxWaitMs = 60_000;

    // Another process may move the run on, and wakes nobody here.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMilliseconds(500);

    /// <summary>Begins an apply, or finds the one of this run id, and waits for its end as long as the request says.</summary>
    /// <param name="grant">The promotion that asks for it: its strategy stands at live when the run completes. Null outside of one.</param>
    /// <param name="demote">Strategies that the run takes back to paper; they stay in the active set unless the plan says otherwise.</param>
    /// <exception cref="RefusalException">Another run is in progress, the run id is taken, or a condition does not hold.</exception>
    public async Task<ApplyAck> StartAsync(ApplyRequest request, Caller caller, LiveGrant? grant, CancellationToken cancellationToken, IReadOnlyList<string>? demote = null)
    {
        RunIds.Check(request.RunId, "/run_id");
        var wait = WaitOf(request.WaitMs);
        var gating = request.GatingPolicy is { } policy ? GatingRules.Read(policy) : null;
        var hash = HashOf(request, grant, demote);
        if (await FindAsync(request.WorldId, request.RunId, hash, cancellationToken) is null)
        {
            var target = await targets.ChooseAsync(request, caller, cancellationToken);
            var run = new ApplyRunState
            {
                WorldId = request.WorldId,
                RunId = request.RunId,
                Kind = ApplyRunState.Apply,
                ContentHash = hash,
                Actor = caller.Subject,
                CorrelationId = caller.CorrelationId,
                Machine = new ApplyState(ApplyPhase.Requested, clock.GetUtcNow(), gating?.FreezeTimeout ?? TimeSpan.FromSeconds(30)),
                Activate = target.Activate,
                Deactivate = target.Deactivate,
                Previous = target.Previous,
                Target = target.Active,
                Promote = PromotionsOf(gating, grant, target),
                Demote = demote ?? DemotionsOf(gating, target),
                Grant = grant,
                Gating = Json.WriteOptional(request.GatingPolicy),
                Fingerprint = gating?.Fingerprint ?? "",
                CanShort = gating?.CanShort,
            };
            await BeginAsync(run, caller, request, request.Etag, cancellationToken);
        }

        return await WaitAsync(request.WorldId, request.RunId, wait, cancellationToken);
    }

    /// <summary>Begins a rollback: what stood before the target run is brought back through the same phases.</summary>
    /// <exception cref="RefusalException">There is no such run, another one is in progress, or the run id is taken.</exception>
    public async Task<ApplyAck> RollbackAsync(RollbackRequest request, Caller caller, CancellationToken cancellationToken)
    {
        RunIds.Check(request.RunId, "/run_id");
        var wait = WaitOf(request.WaitMs);
        var hash = HashOf(request, null, null);
        if (await FindAsync(request.WorldId, request.RunId, hash, cancellationToken) is null)
        {
            var target = await TargetAsync(request, request.TargetRunId, cancellationToken);
            if (!target.Machine.Phase.IsTerminal())
            {
                await driver.AbortAsync(request.WorldId, target.RunId, cancellationToken);
                target = await TargetAsync(request, target.RunId, cancellationToken);
            }

            var run = new ApplyRunState
            {
                WorldId = request.WorldId,
                RunId = request.RunId,
                Kind = ApplyRunState.Rollback,
                TargetRunId = target.RunId,
                ContentHash = hash,
                Actor = caller.Subject,
                CorrelationId = caller.CorrelationId,
                Machine = new ApplyState(ApplyPhase.Requested, clock.GetUtcNow(), target.Machine.FreezeTimeout),
                Restore = RestoreOf(target),
            };
            await BeginAsync(run, caller, request, request.Etag, cancellationToken);
        }

        return await WaitAsync(request.WorldId, request.RunId, wait, cancellationToken);
    }

    /// <summary>Where a run stands, with the active set of now.</summary>
    private async Task<ApplyAck> WaitAsync(string worldId, string runId, TimeSpan wait, CancellationToken cancellationToken)
    {
        var until = clock.GetUtcNow() + wait;
        await driver.AdvanceAsync(worldId, cancellationToken);
        while (true)
        {
            var next = signal.Next(worldId);
            var ack = await database.ReadAsync(
                async session => (await ApplyStore.FindAsync(session, worldId, runId))!.ToAck(await DecisionStore.ActiveAsync(session, worldId)), cancellationToken);
            var left = until - clock.GetUtcNow();
            if (ApplyPhases.Parse(ack.Phase).IsTerminal() || left <= TimeSpan.Zero) return ack;
            await Task.WhenAny(next, Task.Delay(left < LongestSleep ? left : LongestSleep, clock, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Records the run as the one in progress; from here on it survives every process.</summary>
    private Task<ApplyRunState> BeginAsync(ApplyRunState run, Caller caller, IMessage request, string etag, CancellationToken cancellationToken) => writer.ChangeAsync(
        run.WorldId,
        caller,
        async change =>
        {
            // A repetition that raced this one has won: its run is this run.
            if (await ApplyStore.FindAsync(change.Unit, run.WorldId, run.RunId) is { } same) return CheckSame(same, run.ContentHash);
            if (change.World.ApplyRunId is { } other)
            {
                throw new RefusalException(
                    ReasonCodes.ApplyInProgress, $"Apply '{other}' of world '{run.WorldId}' is in progress; wait for it, or end it with POST /worlds/{run.WorldId}/rollback.",
                    metadata: new Dictionary<string, string>(StringComparer.Ordinal) { ["run_id"] = other });
            }

            var current = DecisionsHandler.EtagOf(run.WorldId, change.Before.Active);
            if (etag.Length > 0 && !string.Equals(etag, current, StringComparison.Ordinal)) throw Refuse.EtagConflict($"The active set of world '{run.WorldId}'", etag, current);
            run = run with
            {
                Number = await ApplyStore.NextNumberAsync(change.Unit, run.WorldId),
                Machine = run.Machine with { Since = change.Unit.Now },
                Previous = run.Restore is null ? run.Previous : change.Before.Active,
                Target = run.Restore?.Active ?? run.Target,
                History = [new ReachedPhase(ApplyPhase.Requested.ToToken(), change.Unit.Now)],
            };
            run = await WithPositionsAsync(change, run);
            if (!run.Previous.SequenceEqual(change.Before.Active, StringComparer.Ordinal))
                throw Refuse.EtagConflict($"The active set of world '{run.WorldId}'", DecisionsHandler.EtagOf(run.WorldId, run.Previous), current);
            await conditions.CheckAsync(change.Unit, change.World, change.Before, run, change.Unit.Now);
            await ApplyStore.SaveAsync(change.Unit, run);
            await ApplyStore.MarkAsync(change.Unit, run.WorldId, run.RunId, change.World.FrozenBy);
            await change.AuditAsync(run.Kind, request, run.ToAck(run.Target));
            await ApplyDriver.RecordAsync(change, run);
            return run;
        },
        cancellationToken);

    private async Task<ApplyRunState> WithPositionsAsync(WorldChange change, ApplyRunState run)
    {
        var positions = PositionActions.Of(await policies.FindDefaultAsync(change.Unit, change.World));
        return run with { OnPromote = positions.OnPromote, OnDemote = positions.OnDemote };
    }

    private Task<ApplyRunState?> FindAsync(string worldId, string runId, string hash, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            await WorldStore.GetAsync(session, worldId);
            return await ApplyStore.FindAsync(session, worldId, runId) is { } run ? CheckSame(run, hash) : null;
        },
        cancellationToken);

    private async Task<ApplyRunState> TargetAsync(RollbackRequest request, string runId, CancellationToken cancellationToken) => await database.ReadAsync(
        async session =>
        {
            var world = await WorldStore.GetAsync(session, request.WorldId);
            var target = runId.Length > 0 ? await ApplyStore.FindAsync(session, request.WorldId, runId)
                : world.ApplyRunId is { } current ? await ApplyStore.FindAsync(session, request.WorldId, current)
                : await ApplyStore.LatestAsync(session, request.WorldId, completed: true);
            return target ?? throw Unknown(request.WorldId, runId.Length > 0 ? runId : "latest");
        },
        cancellationToken);

    internal static RefusalException Unknown(string worldId, string runId) =>
        new(ReasonCodes.ApplyUnknown, $"World '{worldId}' has no apply '{runId}'; GET /worlds/{worldId}/apply lists them.");

    private static ApplyRunState CheckSame(ApplyRunState run, string hash) => string.Equals(run.ContentHash, hash, StringComparison.Ordinal)
        ? run
        : throw new RefusalException(ReasonCodes.EtagConflict, $"Run '{run.RunId}' of world '{run.WorldId}' exists with other content. Take another run id.");

    private static ApplyRestore RestoreOf(ApplyRunState target) => new(target.Previous, target.Snapshot, target.Stages, target.Edges);

    private static IReadOnlyList<string> PromotionsOf(GatingPlan? gating, LiveGrant? grant, ApplyTarget target) =>
        grant is not null ? [grant.StrategyId]
        : gating is { To: ExecutionDomain.Live, From: not ExecutionDomain.Live } ? [.. (target.IsPlanned ? target.Activate : target.Active).Except(target.Live, StringComparer.Ordinal)]
        : [];

    private static IReadOnlyList<string> DemotionsOf(GatingPlan? gating, ApplyTarget target) =>
        gating is { From: ExecutionDomain.Live, To: not ExecutionDomain.Live } ? [.. (target.IsPlanned ? target.Activate : target.Active).Intersect(target.Live, StringComparer.Ordinal)] : [];

    private static TimeSpan WaitOf(int? waitMs) => waitMs is null or (>= 0 and <= MaxWaitMs)
        ? TimeSpan.FromMilliseconds(waitMs ?? StandardWaitMs)
        : throw Refuse.Field("/wait_ms", $"must be 0 to {MaxWaitMs}, was {waitMs}");

    /// <summary>Equal for equal content, however its maps are ordered; how long the caller waits is not part of it.</summary>
    private static string HashOf(IMessage request, LiveGrant? grant, IReadOnlyList<string>? demote)
    {
        using var document = JsonDocument.Parse(Json.Write(request));
        var parts = document.RootElement.EnumerateObject().Where(field => field.Name is not "wait_ms")
            .OrderBy(field => field.Name, StringComparer.Ordinal).Select(field => $"{field.Name}={CanonicalJson.Write(CanonicalJson.Read(field.Value))}");
        var text = string.Join('\n', [.. parts, JsonSerializer.Serialize(grant), JsonSerializer.Serialize(demote)]);
        return NodeId.Prefix + Blake3.HashHex(Encoding.UTF8.GetBytes(text));
    }
}
