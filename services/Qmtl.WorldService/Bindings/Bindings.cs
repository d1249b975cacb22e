using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.WorldGraph;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Bindings;

/// <summary>A row of <c>ws_bindings</c>.</summary>
internal sealed record BindingRow
{
    public string StrategyId { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The table <c>ws_bindings</c>: which strategies belong to a world.</summary>
internal static class BindingStore
{
    public static Task<IReadOnlyList<BindingRow>> ListAsync(ISession session, string worldId) => session.QueryAsync<BindingRow>(
        $"SELECT strategy_id, created_at FROM ws_bindings WHERE world_id = @worldId ORDER BY strategy_id {session.Dialect.Ordinal}", new { worldId });

    /// <summary>Those of <paramref name="named"/> that are bound.</summary>
    public static Task<IReadOnlyList<BindingRow>> ListAsync(ISession session, string worldId, string[] named) => session.QueryAsync<BindingRow>(
        $"SELECT strategy_id, created_at FROM ws_bindings WHERE world_id = @worldId AND strategy_id IN @named ORDER BY strategy_id {session.Dialect.Ordinal}", new { worldId, named });

    /// <summary>Says whether the binding is new.</summary>
    /// <param name="owner">Who brings it; empty where nobody authenticated.</param>
    public static async Task<bool> InsertAsync(IUnitOfWork unit, string worldId, string strategyId, string owner) => await unit.ExecuteAsync(
        "INSERT INTO ws_bindings (world_id, strategy_id, owner, created_at) VALUES (@worldId, @strategyId, @owner, @Now) ON CONFLICT (world_id, strategy_id) DO NOTHING",
        new { worldId, strategyId, owner, unit.Now }) > 0;

    /// <summary>Says whether there was such a binding.</summary>
    public static async Task<bool> DeleteAsync(IUnitOfWork unit, string worldId, string strategyId) => await unit.ExecuteAsync(
        "DELETE FROM ws_bindings WHERE world_id = @worldId AND strategy_id = @strategyId", new { worldId, strategyId }) > 0;

    public static async Task<bool> IsBoundAsync(ISession session, string worldId, string strategyId) =>
        await session.ScalarAsync<long>("SELECT COUNT(*) FROM ws_bindings WHERE world_id = @worldId AND strategy_id = @strategyId", new { worldId, strategyId }) > 0;

    /// <summary>Refuses a strategy that does not belong to the world: what is done to it would look as if it had an effect.</summary>
    /// <exception cref="RefusalException">It is not bound.</exception>
    public static async Task RequireAsync(ISession session, string worldId, string strategyId)
    {
        if (!await IsBoundAsync(session, worldId, strategyId)) throw Unbound(worldId, strategyId);
    }

    public static RefusalException Unbound(string worldId, string strategyId) =>
        new(ReasonCodes.StrategyUnknown, $"'{strategyId}' is not bound to world '{worldId}'; list its bindings with GET /worlds/{worldId}/bindings.");

    /// <summary>Who brought a strategy into the world; empty when nobody knows.</summary>
    public static async Task<string> OwnerAsync(ISession session, string worldId, string strategyId) =>
        await session.ScalarAsync<string>("SELECT owner FROM ws_bindings WHERE world_id = @worldId AND strategy_id = @strategyId", new { worldId, strategyId }) ?? "";
}

/// <summary>Binds strategies to worlds.</summary>
internal sealed class BindingsHandler(IDatabase database, WorldWriter writer)
{
    public Task<BindingsResponse> BindAsync(BindStrategiesRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        if (request.Strategies.Count == 0) throw Refuse.Field("/strategies", "must name at least one strategy");
        for (var i = 0; i < request.Strategies.Count; i++) StrategyIds.Check(request.Strategies[i], $"/strategies/{i}");
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var added = 0;
                foreach (var strategy in request.Strategies.Distinct(StringComparer.Ordinal)) added += await BindingStore.InsertAsync(change.Unit, request.WorldId, strategy, caller.IsKnown ? caller.Subject : "") ? 1 : 0;
                var response = request.OnlyNamed ? await RespondAsync(change.Unit, request.WorldId, request.Strategies) : await RespondAsync(change.Unit, request.WorldId);
                if (added == 0) return response;
                foreach (var strategy in request.Strategies) await NodeStore.AddRootAsync(change.Unit, request.WorldId, strategy);
                await CohortStore.TouchAsync(change.Unit, request.WorldId);
                change.AffectsDecision();
                await change.AuditAsync("strategies_bound", request, null);
                return response;
            },
            cancellationToken);
    }

    public Task<BindingsResponse> UnbindAsync(UnbindStrategyRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        StrategyIds.Check(request.StrategyId, "/strategy_id");
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                if (!await BindingStore.DeleteAsync(change.Unit, request.WorldId, request.StrategyId)) throw BindingStore.Unbound(request.WorldId, request.StrategyId);

                // Its runs and measurements stay for the audit; without a binding no later evaluation takes them up.
                string[] active = [.. change.Before.Active.Where(strategy => !string.Equals(strategy, request.StrategyId, StringComparison.Ordinal))];
                await DecisionStore.ReplaceAsync(change.Unit, request.WorldId, active);
                await StageStore.SetAsync(change.Unit, request.WorldId, request.StrategyId, StageNames.Backtest, "");
                await CohortStore.TouchAsync(change.Unit, request.WorldId);
                change.AffectsDecision();
                await CloseAsync(change, request.StrategyId);
                var response = await RespondAsync(change.Unit, request.WorldId);
                await change.AuditAsync("strategy_unbound", request, null);
                return response;
            },
            cancellationToken);
    }

    public Task<BindingsResponse> ListAsync(ListBindingsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                return await RespondAsync(session, request.WorldId);
            },
            cancellationToken);
    }

    // Who is in the active set is closed with it; what an operator opened by hand beside it is closed here.
    private static async Task CloseAsync(WorldChange change, string strategyId)
    {
        if (change.Before.Active.Contains(strategyId, StringComparer.Ordinal)) return;
        var entries = await ActivationStore.ListAsync(change.Unit, change.World.WorldId);
        ActivationEntry[] closed = [.. entries
            .Where(entry => entry.Active && string.Equals(entry.StrategyId, strategyId, StringComparison.Ordinal))
            .Select(entry => entry with { Active = false, RunId = null, Ts = change.Unit.Now, EntryVersion = entry.EntryVersion + 1 })];
        await ActivationReconciler.SaveAsync(change, entries, closed);
    }

    private static async Task<BindingsResponse> RespondAsync(ISession session, string worldId) => Respond(worldId, await BindingStore.ListAsync(session, worldId));

    private static async Task<BindingsResponse> RespondAsync(ISession session, string worldId, IEnumerable<string> named) =>
        Respond(worldId, await BindingStore.ListAsync(session, worldId, [.. named.Distinct(StringComparer.Ordinal)]));

    private static BindingsResponse Respond(string worldId, IEnumerable<BindingRow> rows)
    {
        var response = new BindingsResponse { WorldId = worldId };
        foreach (var row in rows)
        {
            response.Strategies.Add(row.StrategyId);
            response.Bindings.Add(new Binding { WorldId = worldId, StrategyId = row.StrategyId, CreatedAt = Timestamp.FromDateTimeOffset(row.CreatedAt) });
        }

        return response;
    }
}
