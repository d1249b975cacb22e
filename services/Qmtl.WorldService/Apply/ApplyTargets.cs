using Google.Protobuf.Collections;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Apply;

/// <summary>Where an apply leads.</summary>
/// <param name="IsPlanned">Whether the request names it; else the policy chose.</param>
/// <param name="Live">Strategies that stand at live.</param>
internal sealed record ApplyTarget(
    bool IsPlanned, IReadOnlyList<string> Activate, IReadOnlyList<string> Deactivate, IReadOnlyList<string> Previous, IReadOnlyList<string> Active, IReadOnlyList<string> Live);

/// <summary>Finds the active set an apply leads to: the plan's, or what the policy selects.</summary>
internal sealed class ApplyTargets(IDatabase database, EvaluationHandler evaluation)
{
    public async Task<ApplyTarget> ChooseAsync(ApplyRequest request, Caller caller, CancellationToken cancellationToken)
    {
        CheckIds(request.Plan?.Activate ?? [], "/plan/activate");
        CheckIds(request.Plan?.Deactivate ?? [], "/plan/deactivate");
        var (previous, live, bound) = await database.ReadAsync(session => ReadAsync(session, request.WorldId), cancellationToken);
        if (request.Previous.Count > 0 && !request.Previous.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).SequenceEqual(previous.Order(StringComparer.Ordinal), StringComparer.Ordinal))
            throw Refuse.EtagConflict("The active set", DecisionsHandler.EtagOf(request.WorldId, [.. request.Previous]), DecisionsHandler.EtagOf(request.WorldId, previous));
        if (request.Plan is { } plan)
            return new ApplyTarget(IsPlanned: true, [.. plan.Activate], [.. plan.Deactivate], previous, ApplyEntries.Target(previous, plan.Activate, plan.Deactivate), live);

        if (bound.Count == 0) throw Refuse.Field("/plan", "must be given: no strategy is bound to the world, so its policy has nothing to select from");
        var selected = (await evaluation.EvaluateCohortAsync(Cohort(request, bound), caller, cancellationToken)).Active;
        return new ApplyTarget(
            IsPlanned: false, [.. selected.Except(previous, StringComparer.Ordinal)], [.. previous.Except(selected, StringComparer.Ordinal)], previous, [.. selected.Order(StringComparer.Ordinal)], live);
    }

    private static async Task<(IReadOnlyList<string> Previous, IReadOnlyList<string> Live, IReadOnlyList<string> Bound)> ReadAsync(ISession session, string worldId)
    {
        await WorldStore.GetAsync(session, worldId);
        return (
            await DecisionStore.ActiveAsync(session, worldId),
            [.. (await StageStore.ListAsync(session, worldId)).Where(row => row.Stage is StageNames.Live).Select(row => row.StrategyId)],
            [.. (await BindingStore.ListAsync(session, worldId)).Select(row => row.StrategyId)]);
    }

    /// <summary>Asked and not recorded: only the switch makes a set take effect.</summary>
    private static EvaluateCohortRequest Cohort(ApplyRequest request, IReadOnlyList<string> bound)
    {
        var cohort = new EvaluateCohortRequest
        {
            WorldId = request.WorldId,
            RunId = request.RunId,
            Stage = request.Stage,
            RiskTier = request.RiskTier,
            Data = request.Data,
            DryRun = true,
        };
        cohort.Candidates.Add(bound);
        cohort.Metrics.Add(request.Metrics);
        cohort.Series.Add(request.Series);
        cohort.Correlations.Add(request.Correlations);
        return cohort;
    }

    private static void CheckIds(RepeatedField<string> ids, string pointer)
    {
        for (var i = 0; i < ids.Count; i++) StrategyIds.Check(ids[i], $"{pointer}/{i}");
    }
}
