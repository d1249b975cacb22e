using System.Collections.Concurrent;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.RiskCircuit;

/// <summary>
/// Looks again at what is already known: a limit may be drawn tighter, or a profile set, after the snapshot that exceeds it. A snapshot from before the
/// last reset is not judged again; the operator has seen it.
/// </summary>
internal sealed partial class RiskCircuitWatch(
    IDatabase database, WorldWriter writer, RiskSnapshots snapshots, RiskBreaker breaker, RiskCircuitOptions options, TimeProvider clock, ILogger<RiskCircuitWatch> logger) : BackgroundService
{
    private static readonly Caller Self = new("risk-circuit", [], "risk-circuit");
    private readonly ConcurrentDictionary<string, (long Revision, long Sequence)> _judged = new(StringComparer.Ordinal);

    /// <summary>Judges every world whose limits or newest snapshot it has not judged yet.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var worlds = await database.QueryAsync<WorldRow>(
            "SELECT * FROM ws_worlds WHERE risk_profile IS NOT NULL AND state <> 'DELETED' AND circuit_breaker = @tripped", new { tripped = false }, cancellationToken);
        foreach (var world in worlds)
        {
            if (RiskLimits.Read(Json.ReadOptional<RiskProfile>(world.RiskProfile)).Any) await JudgeAsync(world, cancellationToken);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // By the machine's time, whatever the worlds' clock does: how often to look is a matter of the process.
        using var timer = new PeriodicTimer(options.Interval, TimeProvider.System);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception error) when (error is StorageException or RefusalException)
            {
                LogFailed(logger, error);
            }
        }
    }

    private async Task JudgeAsync(WorldRow world, CancellationToken cancellationToken)
    {
        var known = await database.ReadAsync(
            async session => await RiskSnapshotStore.LatestFreshAsync(session, new SnapshotFilter(world.WorldId), clock.GetUtcNow()) is { } row && Concerns(world, row)
                ? await snapshots.ExpandAsync(session, row, cancellationToken)
                : null,
            cancellationToken);
        if (known is null) return;
        var figures = RiskFigures.Of(known);
        await writer.ChangeAsync(world.WorldId, Self, change => breaker.JudgeAsync(change, known, figures), cancellationToken);
        _judged[world.WorldId] = (world.Revision, known.Sequence);
    }

    private bool Concerns(WorldRow world, RiskSnapshotRow row) =>
        row.Stage is not StageNames.Backtest && (world.CircuitResetAt is not { } reset || row.CreatedAt > reset) && (!_judged.TryGetValue(world.WorldId, out var last) || last != (world.Revision, row.Sequence));

    [LoggerMessage(1, LogLevel.Warning, "The risk circuit could not look at what is known; it will try again.")]
    private static partial void LogFailed(ILogger logger, Exception error);
}
