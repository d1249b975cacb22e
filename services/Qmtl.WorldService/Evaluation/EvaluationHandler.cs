using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.History;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Selection;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Evaluates strategies by their world's policy and records what came of it.</summary>
internal sealed class EvaluationHandler(
    IDatabase database, WorldWriter writer, PolicyStore policies, EvaluationRequestReader reader, WorldAccess access, WorldMetrics metrics, TimeProvider clock)
{
    /// <summary>The node under which an evaluation reports the data it was computed on.</summary>
    private const string DataNode = "evaluation";

    public async Task<EvaluateResponse> EvaluateAsync(EvaluateRequest request, Caller caller, CancellationToken cancellationToken)
    {
        access.Require(caller, request.WorldId, WorldRole.Operator);
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
        access.Require(caller, request.WorldId, WorldRole.Operator);
        var command = reader.ReadCohort(request, clock.GetUtcNow());
        var runs = await RunAsync(command, caller, cancellationToken);
        var response = new EvaluateCohortResponse { CampaignId = command.CampaignId, RunId = command.RunId };
        response.Active.Add(runs[0].Summary.ActiveSet);
        foreach (var run in runs) response.EvaluationRuns.Add(run.StrategyId, run.RunId);
        return response;
    }

    private async Task<IReadOnlyList<EvaluationRun>> RunAsync(EvaluationCommand command, Caller caller, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        Activity.Current?.SetTag("world_id", command.WorldId).SetTag("run_id", command.RunId);

        // Statistics over long series are computed before the transaction: on SQLite all writers stand behind it.
        var (version, policy) = await database.ReadAsync(session => PolicyAsync(session, command.WorldId), cancellationToken);
        var computed = Compute(command, policy);
        var (runs, outcome) = command.DryRun
            ? await database.ReadAsync(session => PreviewAsync(session, command, computed), cancellationToken)
            : await writer.ChangeAsync(command.WorldId, caller, change => RecordAsync(change, command, version, computed), cancellationToken);
        metrics.Evaluated(clock.GetElapsedTime(started), Count(outcome, Transition.Promote), Count(outcome, Transition.Demote));
        return runs;
    }

    private async Task<(IReadOnlyList<EvaluationRun> Runs, PolicyOutcome? Outcome)> PreviewAsync(
        ISession session, EvaluationCommand command, Dictionary<string, Dictionary<string, double>> computed)
    {
        var (version, policy) = await PolicyAsync(session, command.WorldId);
        var judgement = Judgement.Judge(command, policy, await Cohort.LoadAsync(session, command.WorldId), computed, clock.GetUtcNow());
        var context = await ContextAsync(session, command, judgement, version, clock.GetUtcNow());
        return ([.. command.Subjects.Select(subject => Build(context, judgement, subject, null))], null);
    }

    private async Task<(IReadOnlyList<EvaluationRun> Runs, PolicyOutcome? Outcome)> RecordAsync(
        WorldChange change, EvaluationCommand command, int expectedVersion, Dictionary<string, Dictionary<string, double>> computed)
    {
        var unit = change.Unit;
        if (string.Equals(change.World.State, WorldStates.Suspended, StringComparison.Ordinal))
        {
            throw new RefusalException(ReasonCodes.WorldInactive, $"World '{command.WorldId}' is suspended; its owner can make it ACTIVE with PUT /worlds/{command.WorldId}.");
        }

        var hash = command.ContentHash();
        var earlier = new Dictionary<string, RunRow>(StringComparer.Ordinal);
        foreach (var subject in command.Subjects)
        {
            if (await RunStore.FindAsync(unit, command.WorldId, subject, command.RunId) is { } row) earlier[subject] = row;
        }

        // The same request again, perhaps because its answer was lost: the same answer, and nothing counted twice.
        if (earlier.Count == command.Subjects.Count && earlier.Values.All(row => string.Equals(row.InputHash, hash, StringComparison.Ordinal)))
        {
            return ([.. command.Subjects.Select(subject => earlier[subject].ToMessage())], null);
        }

        var (version, policy) = await PolicyAsync(unit, command.WorldId);
        if (version != expectedVersion) computed = Compute(command, policy);
        var judgement = Judgement.Judge(command, policy, await Cohort.LoadAsync(unit, command.WorldId), computed, unit.Now);
        var context = await ContextAsync(unit, command, judgement, version, unit.Now);

        await StoreAsync(change, command, judgement);
        var runs = new List<EvaluationRun>();
        foreach (var subject in command.Subjects)
        {
            var before = earlier.GetValueOrDefault(subject)?.ToMessage();
            var run = Build(context, judgement, subject, before);
            await RunStore.SaveAsync(unit, run, hash, before is null ? "created" : "evaluated");
            await PublishAsync(change, run, before is null);
            runs.Add(run);
        }

        var summary = new EvaluateResponse { EvaluationRunId = command.RunId, PolicyVersion = version };
        summary.Active.Add(judgement.Outcome.Active);
        await change.AuditAsync("evaluated", runs[0].Summary, summary, command.Stage);
        change.AffectsDecision(command.RunId);
        return (runs, judgement.Outcome);
    }

    /// <summary>Metrics, hysteresis, data facts and the new active set.</summary>
    private static async Task StoreAsync(WorldChange change, EvaluationCommand command, Judgement judgement)
    {
        foreach (var row in judgement.Measured.Values) await Cohort.SaveAsync(change.Unit, row);
        foreach (var verdict in judgement.Outcome.Verdicts)
        {
            var before = judgement.States[verdict.StrategyId];
            await Cohort.SaveAsync(change.Unit, SelectionRow.Of(command.WorldId, command.RunId, verdict.StrategyId, before, verdict.Next));
        }

        if (command.Data is { } data && !string.IsNullOrEmpty(data.DatasetFingerprint))
        {
            foreach (var subject in command.Subjects) await HistoryStore.SaveAsync(change.Unit, command.WorldId, Report(command, data, subject));
        }

        await DecisionStore.ReplaceAsync(change.Unit, command.WorldId, judgement.Outcome.Active);
    }

    private static HistoryReport Report(EvaluationCommand command, EvaluationData data, string subject)
    {
        var report = new HistoryReport
        {
            StrategyId = subject,
            NodeId = DataNode,
            WorldId = command.WorldId,
            ExecutionDomain = ExecutionModes.Map(command.Stage).Domain.ToToken(),
            DatasetFingerprint = data.DatasetFingerprint,
            AsOf = data.AsOf,
        };
        if (data is { DataStart: { } start, DataEnd: { } end }) report.CoverageBounds.Add([start.Seconds, end.Seconds]);
        return report;
    }

    private static EvaluationRun Build(RunContext context, Judgement judgement, string subject, EvaluationRun? earlier)
    {
        var verdict = judgement.Outcome.Verdicts.Single(verdict => string.Equals(verdict.StrategyId, subject, StringComparison.Ordinal));
        return RunBuilder.Build(context, verdict, MetricGroups.Build(judgement.Metrics[subject]), earlier);
    }

    private async Task<(int Version, PolicyDocument Policy)> PolicyAsync(ISession session, string worldId)
    {
        var world = await WorldStore.GetAsync(session, worldId);
        return await policies.FindDefaultAsync(session, world) is { } policy
            ? (world.DefaultPolicyVersion, policy)
            : throw new RefusalException(ReasonCodes.PolicyUnknown, $"World '{worldId}' has no policy to judge by; upload one with POST /worlds/{worldId}/policies.");
    }

    private static async Task<RunContext> ContextAsync(ISession session, EvaluationCommand command, Judgement judgement, int version, DateTimeOffset now)
    {
        var ruleset = await PolicyStore.FindAsync(session, command.WorldId, version);
        var totals = judgement.Metrics.Where(pair => pair.Value.ContainsKey("total_return")).ToDictionary(pair => pair.Key, pair => pair.Value["total_return"], StringComparer.Ordinal);
        var hash = NodeId.Prefix + Blake3.HashHex(System.Text.Encoding.UTF8.GetBytes(ruleset!.Payload));
        return new RunContext(command, judgement.Outcome, version, hash, totals, now);
    }

    private static Dictionary<string, Dictionary<string, double>> Compute(EvaluationCommand command, PolicyDocument policy) =>
        command.Series.ToDictionary(pair => pair.Key, pair => SeriesMeasures.Compute(pair.Value, command.Data, policy.Slots.Names), StringComparer.Ordinal);

    private static int Count(PolicyOutcome? outcome, Transition transition) => outcome?.Verdicts.Count(verdict => verdict.Transition == transition) ?? 0;

    private static ValueTask PublishAsync(WorldChange change, EvaluationRun run, bool created) => change.PublishAsync(
        created ? "evaluation_run_created" : "evaluation_run_updated",
        new EvaluationRunChanged
        {
            Version = 1,
            WorldId = run.WorldId,
            StrategyId = run.StrategyId,
            RunId = run.RunId,
            Stage = run.Stage,
            RiskTier = run.RiskTier,
            Status = run.Summary.Status,
            RecommendedStage = run.Summary.RecommendedStage,
            ChangeType = created ? "created" : "evaluated",
            Ts = Timestamp.FromDateTimeOffset(change.Unit.Now),
            EntityVersion = run.Revision,
        });
}
