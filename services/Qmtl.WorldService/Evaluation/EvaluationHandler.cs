using System.Diagnostics;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Evaluation.Review;
using Qmtl.WorldService.Evaluation.Sourcing;
using Qmtl.WorldService.Policies.Selection;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Evaluates strategies by their world's policy and records what came of it.</summary>
internal sealed class EvaluationHandler(
    IDatabase database, WorldWriter writer, EvaluationPreparer preparer, CohortStore cohorts, EvaluationRequestReader reader, EvaluationLoad load, WorldMetrics metrics, TimeProvider clock)
{
    public async Task<EvaluateResponse> EvaluateAsync(EvaluateRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        var command = reader.Read(request, request.WorldId, clock.GetUtcNow());
        var runs = await RunAsync(command, caller, cancellationToken);
        var run = runs[0];
        var response = new EvaluateResponse
        {
            EvaluationRunId = run.RunId,
            EvaluationRunUrl = $"/worlds/{Uri.EscapeDataString(run.WorldId)}/strategies/{Uri.EscapeDataString(run.StrategyId)}/runs/{Uri.EscapeDataString(run.RunId)}",
            Summary = run.Summary,
            PolicyVersion = run.Validation.PolicyVersion,
        };
        response.Active.Add(run.Summary.ActiveSet);
        return response;
    }

    public async Task<EvaluateCohortResponse> EvaluateCohortAsync(EvaluateCohortRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        var command = reader.ReadCohort(request, clock.GetUtcNow());
        var runs = await RunAsync(command, caller, cancellationToken);
        var response = new EvaluateCohortResponse { CampaignId = command.CampaignId, RunId = command.RunId };
        response.Active.Add(runs[0].Summary.ActiveSet);
        foreach (var run in runs) response.EvaluationRuns.Add(run.StrategyId, run.RunId);
        return response;
    }

    private async Task<IReadOnlyList<EvaluationRun>> RunAsync(EvaluationCommand command, Caller caller, CancellationToken cancellationToken)
    {
        using var evaluating = load.Enter();
        var started = clock.GetTimestamp();
        Activity.Current?.SetTag("world_id", command.WorldId).SetTag("run_id", command.RunId);

        // Statistics and hashes over long series are computed before the transaction: on SQLite all writers stand behind it.
        var preparation = await preparer.PrepareAsync(command, cancellationToken);
        var hash = command.DryRun ? "" : command.ContentHash();
        var (runs, outcome) = command.DryRun
            ? await database.ReadAsync(session => PreviewAsync(session, command, preparation), cancellationToken)
            : await writer.ChangeAsync(command.WorldId, caller, change => RecordAsync(change, command, preparation, hash), cancellationToken);
        metrics.Evaluated(clock.GetElapsedTime(started), Count(outcome, Transition.Promote), Count(outcome, Transition.Demote));
        return runs;
    }

    private async Task<(IReadOnlyList<EvaluationRun> Runs, PolicyOutcome? Outcome)> PreviewAsync(ISession session, EvaluationCommand command, Preparation preparation)
    {
        var world = await WorldStore.GetAsync(session, command.WorldId);
        var cohort = await cohorts.LoadAsync(session, command.WorldId, world.CohortRevision);
        var judgement = Judgement.Judge(command, preparation, cohort, clock.GetUtcNow());
        RequireSubstance(command, cohort, judgement);
        var builder = new RunBuilder(command, preparation, judgement, clock.GetUtcNow());
        return ([.. command.Subjects.Select(subject => builder.Build(subject, null))], null);
    }

    private async Task<(IReadOnlyList<EvaluationRun> Runs, PolicyOutcome? Outcome)> RecordAsync(WorldChange change, EvaluationCommand command, Preparation prepared, string hash)
    {
        var unit = change.Unit;
        if (string.Equals(change.World.State, WorldStates.Suspended, StringComparison.Ordinal))
        {
            throw new RefusalException(ReasonCodes.WorldInactive, $"World '{command.WorldId}' is suspended; its owner can make it ACTIVE with PUT /worlds/{command.WorldId}.");
        }

        foreach (var subject in command.Subjects) await RunReviewHandler.CheckOwnerAsync(change, subject, command.Override);
        var earlier = await RunStore.FindAllAsync(unit, command.WorldId, command.RunId, command.Subjects);

        // The same request again, perhaps because its answer was lost: the same answer, and nothing counted twice.
        if (earlier.Count == command.Subjects.Count && earlier.Values.All(row => string.Equals(row.InputHash, hash, StringComparison.Ordinal)))
        {
            return ([.. command.Subjects.Select(subject => earlier[subject].ToMessage())], null);
        }

        var preparation = await preparer.RefreshAsync(unit, change.World, command, prepared);
        var cohort = await cohorts.LoadAsync(unit, command.WorldId, change.World.CohortRevision);
        var judgement = Judgement.Judge(command, preparation, cohort, unit.Now);
        RequireSubstance(command, cohort, judgement);
        var builder = new RunBuilder(command, preparation, judgement, unit.Now);
        var runs = command.Subjects.Select(subject => builder.Build(subject, earlier.GetValueOrDefault(subject)?.ToMessage())).ToArray();

        var recorder = new EvaluationRecorder(change, command, preparation, cohort, judgement);
        await recorder.SaveStateAsync(cohorts);
        await recorder.SaveRunsAsync(runs, hash);
        var response = new EvaluateResponse { EvaluationRunId = command.RunId, PolicyVersion = preparation.Policy.Version };
        response.Active.Add(judgement.Outcome.Active);
        await change.AuditAsync("evaluated", runs[0].Summary, response, command.Stage);
        change.AffectsDecision(command.RunId);
        return (runs, judgement.Outcome);
    }

    /// <summary>
    /// A strategy may be tried out before it is bound, with metrics of its own. A name that nothing at all is known of is a typing error: a run of it
    /// would fail for missing metrics, and say nothing about the mistake.
    /// </summary>
    private static void RequireSubstance(EvaluationCommand command, Cohort cohort, Judgement judgement)
    {
        foreach (var subject in command.Subjects)
        {
            if (judgement.Origins[subject].Source is not MetricOrigin.Nothing || cohort.Bound.Contains(subject, StringComparer.Ordinal)) continue;
            throw new RefusalException(
                ReasonCodes.StrategyUnknown,
                $"'{subject}' is not bound to world '{command.WorldId}', and has no metrics there. Bind it with POST /worlds/{command.WorldId}/bindings, or send its metrics or series.");
        }
    }

    private static int Count(PolicyOutcome? outcome, Transition transition) => outcome?.Verdicts.Count(verdict => verdict.Transition == transition) ?? 0;
}
