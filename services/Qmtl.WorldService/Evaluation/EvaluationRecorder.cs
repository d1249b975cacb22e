using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation.Extended;
using Qmtl.WorldService.Evaluation.Sourcing;
using Qmtl.WorldService.History;
using Qmtl.WorldService.Policies.Selection;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Writes what an evaluation found, all in the change that it belongs to.</summary>
internal sealed class EvaluationRecorder(WorldChange change, EvaluationCommand command, Preparation preparation, Cohort cohort, Judgement judgement)
{
    /// <summary>The node under which an evaluation reports the data it was computed on.</summary>
    private const string DataNode = "evaluation";

    /// <summary>Metrics, hysteresis, data facts, the new active set, and how far its strategies have come.</summary>
    public async Task SaveStateAsync(CohortStore cohorts)
    {
        var subjects = command.Subjects.ToHashSet(StringComparer.Ordinal);
        var measured = judgement.Measured.Values.Where(one => subjects.Contains(one.StrategyId) || cohort.At(one.StrategyId, one.Stage) is not { } known || !one.SaysTheSame(known));
        await cohorts.SaveAsync(change.Unit, command.WorldId, cohort.Members, [.. measured], [.. Selected()]);
        if (command.Data is { } data && !string.IsNullOrEmpty(data.DatasetFingerprint))
        {
            await HistoryStore.SaveAsync(change.Unit, command.WorldId, [.. command.Subjects.Select(subject => Report(data, subject))]);
        }

        await DecisionStore.ReplaceAsync(change.Unit, command.WorldId, judgement.Outcome.Active);
        if (command.Stage is StageNames.Paper) await RaiseToPaperAsync(subjects);
    }

    public async Task SaveRunsAsync(IReadOnlyList<EvaluationRun> runs, string inputHash)
    {
        await RunRevisions.SaveAsync(change, runs, inputHash, run => run.Revision == 1 ? RunChanges.Created : RunChanges.Evaluated);
        await RunSeriesStore.SaveAsync(change.Unit, command.WorldId, command.RunId, [.. command.Subjects.Select(subject => (subject, preparation.Of(subject).Returns))]);
    }

    /// <summary>States that this run changes, or had changed when it ran before.</summary>
    private IEnumerable<SelectionRow> Selected()
    {
        foreach (var verdict in judgement.Outcome.Verdicts)
        {
            var before = judgement.States[verdict.StrategyId];
            var after = Settle(verdict, before);
            var known = cohort.Members.Selection.GetValueOrDefault(verdict.StrategyId);
            var repeats = known is not null && string.Equals(known.RunId, command.RunId, StringComparison.Ordinal);
            if (repeats || after != (known?.State ?? StrategyState.New)) yield return SelectionRow.Of(command.RunId, verdict.StrategyId, before, after);
        }
    }

    /// <summary>Streaks count towards a change; where there is none to come, they are over. So a world at rest writes nothing.</summary>
    private static StrategyState Settle(StrategyVerdict verdict, StrategyState before) =>
        verdict.Selected == verdict.Active && (verdict.Next.Above != before.Above || verdict.Next.Below != before.Below) ? verdict.Next with { Above = 0, Below = 0 } : verdict.Next;

    /// <summary>A strategy that the policy selects by what it did on paper stands at paper. What is live stays so: only an apply takes that away.</summary>
    private async Task RaiseToPaperAsync(HashSet<string> subjects)
    {
        var beyond = (await StageStore.ListAsync(change.Unit, command.WorldId)).Select(row => row.StrategyId).ToHashSet(StringComparer.Ordinal);
        foreach (var strategy in judgement.Outcome.Active.Where(id => subjects.Contains(id) && judgement.Measured.ContainsKey(id) && !beyond.Contains(id)))
        {
            await StageStore.SetAsync(change.Unit, command.WorldId, strategy, StageNames.Paper, command.RunId);
        }
    }

    private HistoryReport Report(EvaluationData data, string subject)
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
}
