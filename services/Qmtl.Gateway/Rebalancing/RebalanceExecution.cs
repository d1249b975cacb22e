using Grpc.Core;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Rebalancing;

/// <summary>Works orders out from a plan, and sends them where they are asked for and may be sent.</summary>
internal sealed class RebalanceExecution(IDatabase database, PlanClient plans, OrderGuard guard, RebalanceOptions options, RebalanceMetrics metrics, TimeProvider time)
{
    private const string Overlay = "overlay";
    private const string Hybrid = "hybrid";

    /// <summary>Serves a request.</summary>
    public async Task<ExecuteRebalanceResponse> ExecuteAsync(ExecuteRebalanceRequest request, ServerCallContext context)
    {
        var inputs = request.Request ?? throw RefusalException.At(ReasonCodes.InvalidArgument, "/request", "is missing");
        var worlds = WorldsOf(inputs);
        foreach (var world in worlds) context.Caller().Require(world, WorldRole.Reader);
        if (inputs.Mode is Hybrid) throw new RefusalException(ReasonCodes.RebalanceModeUnsupported, "Plans of mode hybrid are not turned into orders; use scaling or overlay.", [new FieldError("/request/mode", "must be scaling or overlay")]);
        if (request.SharedAccount && !options.SharedAccount.Enabled) SharedAccount.Check(inputs, new Translation([], []), options.SharedAccount);

        var hash = RebalanceBatch.HashOf(request);
        if (request.Submit && inputs.RunId.Length > 0 && await database.ReadAsync(session => RebalanceBatchStore.FindAsync(session, inputs.RunId, hash), context.CancellationToken) is { } sent) return sent;
        // Before the work: who may not send them need not wait for it.
        var domains = request.Submit ? await guard.CheckAsync(worlds, context) : null;
        var plan = await plans.PlanAsync(inputs, context);
        var (response, scopes) = Work(request, plan, options);
        if (domains is null) return response;
        return await SendAsync(new RebalanceBatch(BatchId(inputs), hash, inputs.Mode.Length > 0 ? inputs.Mode : "scaling", request.SharedAccount, scopes, domains), response, context);
    }

    /// <summary>The orders of a plan. Pure.</summary>
    internal static (ExecuteRebalanceResponse Response, IReadOnlyList<OrderScope> Scopes) Work(ExecuteRebalanceRequest request, RebalancePlan plan, RebalanceOptions options)
    {
        var inputs = request.Request;
        var translation = new OrderTranslation(inputs, options);
        var response = new ExecuteRebalanceResponse { RebalanceSchemaVersion = plan.SchemaVersion, AlphaMetricsCapable = plan.SchemaVersion >= RebalanceOptions.NewestSchema && plan.AlphaMetrics is not null };
        var scopes = new List<OrderScope>();
        foreach (var (world, deltas) in Trades(inputs, plan))
        {
            var translated = translation.Translate(deltas, world);
            response.Violations.Add(translated.Violations);
            var orders = translated.Orders.Select(order => order.Order).ToArray();
            response.OrdersPerWorld[world] = new RebalanceOrders { Orders = { orders } };
            if (inputs.Mode is Overlay) response.OverlayDeltas.Add(orders);
            if (request.PerStrategy) response.OrdersPerStrategy.Add(translated.Orders.SelectMany(translation.Split));
            if (orders.Length > 0) scopes.Add(new OrderScope(world, orders));
        }

        if (request.SharedAccount) scopes = [Net(inputs, plan, translation, response, options)];
        if (request.FailOnViolation && response.Violations.Count > 0)
        {
            throw new RefusalException(
                ReasonCodes.OrdersInvalid,
                $"{response.Violations.Count} trades of the plan make no order.",
                [.. response.Violations.Select(violation => new FieldError("/violations", $"{violation.Code}: {violation.Symbol}{(violation.WorldId.Length > 0 ? " of " + violation.WorldId : "")}"))]);
        }

        return (response, scopes);
    }

    private static OrderScope Net(MultiWorldRebalanceRequest inputs, RebalancePlan plan, OrderTranslation translation, ExecuteRebalanceResponse response, RebalanceOptions options)
    {
        var net = translation.Translate(plan.GlobalDeltas, "");
        SharedAccount.Check(inputs, net, options.SharedAccount);
        response.Violations.Add(net.Violations);
        response.OrdersGlobal.Add(net.Orders.Select(order => order.Order));
        return new OrderScope("", [.. response.OrdersGlobal]);
    }

    private static IEnumerable<(string World, IEnumerable<SymbolDelta> Deltas)> Trades(MultiWorldRebalanceRequest inputs, RebalancePlan plan) => inputs.Mode is Overlay
        ? OverlayMapping.ByWorld(inputs, plan.OverlayDeltas).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, group.AsEnumerable()))
        : plan.PerWorld.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value.Deltas.AsEnumerable()));

    private async Task<ExecuteRebalanceResponse> SendAsync(RebalanceBatch batch, ExecuteRebalanceResponse response, ServerCallContext context)
    {
        response.Submitted = true;
        response.BatchId = batch.BatchId;
        var (actor, correlation) = (context.Caller().Subject, context.CorrelationId());
        try
        {
            // Not cancellable: who hangs up here would leave it open whether the orders are on their way.
            await database.WriteAsync(unit => RebalanceBatchStore.SendAsync(unit, batch, response, actor, correlation), CancellationToken.None);
        }
        catch (UniqueViolationException problem)
        {
            // Sent at the same moment by somebody else: the same contents are the same batch.
            return await database.ReadAsync(session => RebalanceBatchStore.FindAsync(session, batch.BatchId, batch.RequestHash), CancellationToken.None)
                ?? throw new RefusalException(ReasonCodes.CommitLog, "Nothing was sent: the store did not take the batch. Send it again.", errors: null, metadata: null, problem);
        }
        catch (StorageException problem)
        {
            throw new RefusalException(ReasonCodes.CommitLog, $"The store did not confirm the batch ({problem.Failure}). Send it again with the same run_id.", errors: null, metadata: null, problem);
        }

        foreach (var scope in batch.Scopes) metrics.Sent(scope);
        return response;
    }

    private string BatchId(MultiWorldRebalanceRequest inputs) => inputs.RunId.Length > 0 ? inputs.RunId : Guid.CreateVersion7(time.GetUtcNow()).ToString("N");

    private static string[] WorldsOf(MultiWorldRebalanceRequest inputs) =>
        [.. inputs.WorldAllocBefore.Keys.Concat(inputs.WorldAllocAfter.Keys).Concat(inputs.Positions.Select(position => position.WorldId)).Concat(inputs.Overlay?.InstrumentByWorld.Keys ?? []).Where(world => world.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
