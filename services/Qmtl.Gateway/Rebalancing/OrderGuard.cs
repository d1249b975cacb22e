using Grpc.Core;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;

namespace Qmtl.Gateway.Rebalancing;

/// <summary>Whether orders may be sent at all: nothing missing, stale or doubtful lets them through.</summary>
internal sealed class OrderGuard(IDecisionSource decisions, WorldServiceOptions worlds, RebalanceOptions options)
{
    /// <summary>The domain of each world that orders are for.</summary>
    /// <exception cref="RefusalException">They may not be sent.</exception>
    public async Task<IReadOnlyDictionary<string, ExecutionDomain>> CheckAsync(IReadOnlyCollection<string> worldIds, ServerCallContext context)
    {
        if (worlds.EnforceLiveGuard) LiveGuard.Require(context.RequestHeaders.GetValue(LiveGuard.MetadataName));
        var caller = context.Caller();
        foreach (var world in worldIds) caller.Require(world, WorldRole.Operator);
        if (!options.Submissions) throw new RefusalException(ReasonCodes.CommitLogDisabled, $"This gateway only works orders out; {RebalanceOptions.Section}:Submissions is off.");
        var domains = new Dictionary<string, ExecutionDomain>(StringComparer.Ordinal);
        foreach (var world in worldIds) domains[world] = Domain(world, await decisions.ReadAsync(world, context.CancellationToken));
        return domains;
    }

    /// <summary>The domain that a world's decision lets orders into. Pure.</summary>
    internal static ExecutionDomain Domain(string worldId, DecisionReading reading)
    {
        var mode = reading is { IsStale: false, Decision: { } decision } ? ExecutionModes.ParseMode(decision.EffectiveMode) : null;
        return mode is { } known ? ExecutionModes.Map(known).Domain switch
        {
            ExecutionDomain.Shadow => throw new RefusalException(ReasonCodes.ShadowOrdersBlocked, $"World '{worldId}' is a shadow: it computes and never sends orders."),
            ExecutionDomain.Backtest => throw new RefusalException(ReasonCodes.OrdersBlocked, $"World '{worldId}' is in mode {known.ToToken()}, which sends no orders."),
            var domain => domain,
        }
        : throw new RefusalException(ReasonCodes.OrdersBlocked, $"What world '{worldId}' decides is not known now, so no orders are sent for it; try again.");
    }
}
