using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Evaluation.Augmentation;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Monitoring.Live;

/// <summary>Judges the live strategies of a world again by what they made live, and revises their runs where that says something new.</summary>
internal sealed class LiveMonitor(IDatabase database, WorldWriter writer, LiveEvidenceReader evidence, LiveMonitoringOptions options, LiveMonitoringMetrics metrics, TimeProvider clock)
{
    public const string Success = "success";
    public const string Failure = "failure";

    /// <summary>Monitors one world; what goes wrong is the answer's reason, so that one world never keeps others from their turn.</summary>
    public async Task<LiveMonitoringRun> RunAsync(string worldId, Caller caller, CancellationToken cancellationToken)
    {
        var holder = Guid.CreateVersion7().ToString("N");
        var run = new LiveMonitoringRun { WorldId = worldId, Status = Success };
        if (!await database.WriteAsync(unit => LiveMonitoringStore.AcquireAsync(unit, worldId, holder, options.Lease), cancellationToken))
        {
            // Not counted as a run: the one that holds the lease is.
            (run.Status, run.Reason) = (Failure, ReasonCodes.LeaseHeld.Code);
            return run;
        }

        try
        {
            run.UpdatedStrategies = await JudgeAsync(worldId, caller, cancellationToken);
        }
        catch (RefusalException refusal)
        {
            (run.Status, run.Reason) = (Failure, refusal.Code.Code);
        }
        catch (StorageException)
        {
            (run.Status, run.Reason) = (Failure, ReasonCodes.Unavailable.Code);
        }

        await database.WriteAsync(unit => LiveMonitoringStore.ReleaseAsync(unit, worldId, holder, run.Status, run.Reason), cancellationToken);
        metrics.Ran(worldId, run.Status, run.UpdatedStrategies);
        return run;
    }

    private async Task<int> JudgeAsync(string worldId, Caller caller, CancellationToken cancellationToken)
    {
        var found = await database.ReadAsync(session => evidence.ReadAsync(session, worldId, clock.GetUtcNow(), cancellationToken), cancellationToken);
        if (found.Strategies.Count == 0) return 0;
        var figures = found.Strategies
            .Select(strategy => (Strategy: strategy, Figures: LiveFigures.Of(strategy.Returns, found.Policy.LiveMonitoring?.LookbackDays, strategy.BacktestSharpe)))
            .ToArray();
        return await writer.ChangeAsync(
            worldId,
            caller,
            async change =>
            {
                // Between the look and the lock a policy may have come, or a strategy gone from live.
                if (change.World.DefaultPolicyVersion != found.PolicyVersion) throw new RefusalException(ReasonCodes.EtagConflict, $"The policy of world '{worldId}' changed meanwhile; monitor it again.");
                var live = (await StageStore.ListAsync(change.Unit, worldId)).Where(row => row.Stage is StageNames.Live).ToDictionary(row => row.StrategyId, row => row.Since, StringComparer.Ordinal);
                var updated = 0;
                foreach (var (strategy, measured) in figures)
                {
                    if (live.TryGetValue(strategy.StrategyId, out var since) && since == strategy.Since && await RecordAsync(change, found, strategy, measured)) updated++;
                }

                if (updated > 0) await change.AuditAsync("live_monitoring_run", null, new LiveMonitoringRun { WorldId = worldId, Status = Success, UpdatedStrategies = updated }, StageNames.Live);
                return updated;
            },
            cancellationToken);
    }

    private static async Task<bool> RecordAsync(WorldChange change, LiveEvidence found, LiveStrategy strategy, LiveFigures figures)
    {
        var earlier = await RunStore.FindAsync(change.Unit, found.WorldId, strategy.StrategyId, LiveRuns.RunId(strategy.StrategyId, strategy.Since));
        var hash = LiveRuns.InputHash(found, strategy, figures);
        if (string.Equals(earlier?.InputHash, hash, StringComparison.Ordinal)) return false;
        var run = LiveRuns.Build(found, strategy, figures, earlier?.ToMessage(), change.Unit.Now);
        await RunRevisions.SaveAsync(change, [run], hash, _ => earlier is null ? RunChanges.Created : RunChanges.Evaluated);
        return true;
    }
}
