using System.Diagnostics;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Messaging;
using Qmtl.Messaging.Consuming;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Evaluation.Layers;
using Qmtl.WorldService.Evaluation.Sourcing;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation.Extended;

/// <summary>Adds to a run what its request did not wait for. The same run again changes nothing, so events may come twice.</summary>
internal sealed class ExtendedValidator(
    IDatabase database, WorldWriter writer, PolicyStore policies, EvaluationPreparer preparer, ExtendedTurns turns, ExtendedMetrics metrics, TimeProvider clock)
{
    /// <summary>Trials that the probability of overfitting is computed over.</summary>
    private const int MaxCohort = 100;

    /// <summary>Takes an event of topic evaluation; those that say nothing new about metrics are passed over.</summary>
    public async Task HandleAsync(Delivery delivery, CancellationToken cancellationToken)
    {
        var data = delivery.Event.Data;
        if (Text(data, "change_type") is not (RunChanges.Created or RunChanges.Evaluated)) return;
        if (Text(data, "world_id") is not { } world || Text(data, "strategy_id") is not { } strategy || Text(data, "run_id") is not { } run)
        {
            throw new PoisonMessageException($"{delivery.Event.Type} lacks world_id, strategy_id or run_id.");
        }

        var stage = Text(data, "stage") ?? "";
        var started = clock.GetTimestamp();
        try
        {
            if (await ExtendAsync(world, strategy, run, delivery.Event.CorrelationId, cancellationToken)) metrics.Ran(world, stage, success: true, clock.GetElapsedTime(started));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            metrics.Ran(world, stage, success: false, clock.GetElapsedTime(started));
            throw;
        }
    }

    /// <summary>Says whether there was anything to add.</summary>
    public async Task<bool> ExtendAsync(string worldId, string strategyId, string runId, string? correlationId, CancellationToken cancellationToken)
    {
        var found = await database.ReadAsync(session => FindAsync(session, worldId, strategyId, runId, cancellationToken), cancellationToken);
        if (found is not { } input) return false;
        var results = (await turns.RunAsync(() => ExtendedChecks.Compute(input.Returns, input.PeriodsPerYear, input.Cohort), cancellationToken)).ToList();
        if (input.Stress is { } stress) results.Add(("extended_stress", stress));
        if (results.Count == 0) return false;
        var caller = new Caller("worldservice", [], correlationId ?? Activity.Current?.TraceId.ToString() ?? Guid.CreateVersion7().ToString("N"));
        return await writer.ChangeAsync(worldId, caller, change => AppendAsync(change, input.Row, results), cancellationToken);
    }

    private async Task<Input?> FindAsync(ISession session, string worldId, string strategyId, string runId, CancellationToken cancellationToken)
    {
        if (await WorldStore.FindAsync(session, worldId) is not { } world || world.State is WorldStates.Deleted) return null;
        if (await RunStore.FindAsync(session, worldId, strategyId, runId) is not { } row || await RunSeriesStore.FindAsync(session, worldId, strategyId, runId) is not { } series) return null;
        var run = row.ToMessage();
        if (run.Validation is { ExtendedRevision: > 0 }) return null;
        var cohort = await RunSeriesStore.ListAsync(session, worldId, runId, MaxCohort);
        return new Input(row, series.ReadReturns(), series.PeriodsPerYear, [.. cohort.Select(one => one.ReadReturns())], await StressAsync(session, world, run, cancellationToken));
    }

    /// <summary>The stress limits against the newest snapshot: it may have come after the run.</summary>
    private async Task<RuleResult?> StressAsync(ISession session, WorldRow world, EvaluationRun run, CancellationToken cancellationToken)
    {
        if (await policies.FindDefaultAsync(session, world) is not { Stress: { } stress } || await preparer.PortfolioAsync(session, world.WorldId, run.Stage, cancellationToken) is not { } portfolio) return null;
        var values = new Dictionary<string, double>(run.Metrics.Values, StringComparer.Ordinal);
        foreach (var (name, value) in portfolio.Derive(run.StrategyId)) values[name] = value;
        var result = StrategyLayers.Stress(stress, values, missingFails: false);
        LayerRule.Note(result, "risk_snapshot_version", portfolio.Version);
        return result;
    }

    /// <summary>Nothing is added to a run that was evaluated anew meanwhile, or extended by another process: its own event sees to that.</summary>
    private static async Task<bool> AppendAsync(WorldChange change, RunRow before, IReadOnlyList<(string Name, RuleResult Result)> results)
    {
        var row = await RunStore.FindAsync(change.Unit, before.WorldId, before.StrategyId, before.RunId);
        if (row is null || !string.Equals(row.InputHash, before.InputHash, StringComparison.Ordinal) || row.ToMessage().Validation is { ExtendedRevision: > 0 }) return false;
        var run = await RunRevisions.AppendAsync(change, row, RunChanges.Extended, revised =>
        {
            foreach (var (name, result) in results) revised.Validation.Results[name] = result;
            revised.Validation.ExtendedRevision = row.Revision + 1;
            revised.Validation.ExtendedEvaluatedAt = Timestamp.FromDateTimeOffset(change.Unit.Now);
            revised.Summary.Status = RuleResults.Status(revised.Validation.Results.Values);
        });
        await change.AuditAsync("run_extended", null, run.Summary, run.Stage);
        return true;
    }

    private static string? Text(JsonObject data, string name) => data[name] is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;

    private sealed record Input(RunRow Row, double[] Returns, double PeriodsPerYear, IReadOnlyList<double[]> Cohort, RuleResult? Stress);
}
