using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Bindings;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Stages;

/// <summary>Tells where every strategy of a world stands, from one snapshot of the store.</summary>
internal sealed class StandingsHandler(IDatabase database, DecisionStore decisions, TimeProvider clock)
{
    public Task<ListStandingsResponse> ListAsync(ListStandingsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(session => ReadAsync(session, request.WorldId), cancellationToken);
    }

    private async Task<ListStandingsResponse> ReadAsync(ISession session, string worldId)
    {
        var inputs = await decisions.LoadAsync(session, await WorldStore.GetAsync(session, worldId));
        var decision = Decision.Decide(inputs, null, clock.GetUtcNow());
        var bound = (await BindingStore.ListAsync(session, worldId)).ToDictionary(row => row.StrategyId, row => row.CreatedAt, StringComparer.Ordinal);
        var stages = (await StageStore.ListAsync(session, worldId)).ToDictionary(row => row.StrategyId, StringComparer.Ordinal);
        var entries = (await ActivationStore.ListAsync(session, worldId)).ToLookup(entry => entry.StrategyId, StringComparer.Ordinal);
        var runs = (await RunStore.ListLatestAsync(session, worldId)).ToDictionary(row => row.StrategyId, StringComparer.Ordinal);
        var response = new ListStandingsResponse { WorldId = worldId, EffectiveMode = decision.Mode.ToToken(), Reason = decision.Reason };
        var active = inputs.Active.ToHashSet(StringComparer.Ordinal);
        foreach (var strategy in inputs.Active.Concat(bound.Keys.Where(id => !active.Contains(id)).Order(StringComparer.Ordinal)))
        {
            var standing = new Standing { StrategyId = strategy, Stage = inputs.StageOf(strategy), Active = active.Contains(strategy) };
            if (stages.TryGetValue(strategy, out var stage)) standing.Since = Timestamp.FromDateTimeOffset(stage.Since);
            if (bound.TryGetValue(strategy, out var at)) standing.BoundAt = Timestamp.FromDateTimeOffset(at);
            standing.Sides.Add(entries[strategy].Select(SideOf));
            if (runs.TryGetValue(strategy, out var run)) Judge(standing, run);
            response.Strategies.Add(standing);
        }

        return response;
    }

    private static StandingSide SideOf(ActivationEntry entry) => new()
    {
        Side = entry.Side,
        Active = entry.EffectivelyActive,
        Weight = entry.Weight,
        Freeze = entry.Freeze,
        Drain = entry.Drain,
        EffectiveMode = entry.EffectiveMode,
    };

    private static void Judge(Standing standing, RunRow row)
    {
        var run = row.ToMessage();
        standing.RunId = run.RunId;
        standing.RunStage = run.Stage;
        standing.Status = run.Summary?.Status ?? "";
        standing.Reason = run.Summary?.Reason ?? "";
        standing.EvaluatedAt = Timestamp.FromDateTimeOffset(row.UpdatedAt);
    }
}
