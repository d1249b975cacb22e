using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation;

/// <summary>What a revision of a run was made for.</summary>
internal static class RunChanges
{
    public const string Created = "created";
    public const string Evaluated = "evaluated";
    public const string Extended = "extended";
    public const string Override = "override";
    public const string ExPost = "ex_post";
}

/// <summary>Writes runs: the record, a revision that stays for good, and the event, all within one change of the world.</summary>
internal static class RunRevisions
{
    /// <summary>Writes runs as they stand.</summary>
    public static async Task SaveAsync(WorldChange change, IReadOnlyList<EvaluationRun> runs, string inputHash, Func<EvaluationRun, string> changeType)
    {
        await RunStore.SaveAsync(change.Unit, [.. runs.Select(run => (run, changeType(run)))], inputHash);
        foreach (var run in runs) await PublishAsync(change, run, changeType(run));
    }

    /// <summary>Revises a run that exists. Its creation time stays, because observation windows count from it.</summary>
    public static async Task<EvaluationRun> AppendAsync(WorldChange change, RunRow row, string changeType, Action<EvaluationRun> revise)
    {
        var run = row.ToMessage();
        revise(run);
        run.Revision = row.Revision + 1;
        run.UpdatedAt = Timestamp.FromDateTimeOffset(change.Unit.Now);
        await SaveAsync(change, [run], row.InputHash, _ => changeType);
        return run;
    }

    private static ValueTask PublishAsync(WorldChange change, EvaluationRun run, string changeType) => change.PublishAsync(
        changeType is RunChanges.Created ? "evaluation_run_created" : "evaluation_run_updated",
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
            ChangeType = changeType,
            Ts = Timestamp.FromDateTimeOffset(change.Unit.Now),
            EntityVersion = run.Revision,
        });
}
