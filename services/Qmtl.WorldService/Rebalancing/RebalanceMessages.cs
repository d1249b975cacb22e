using Qmtl.V1;

namespace Qmtl.WorldService.Rebalancing;

/// <summary>Plans as messages of the contract. Pure.</summary>
internal static class RebalanceMessages
{
    public const int NewestSchema = 2;

    public static RebalancePlan ToMessage(RebalanceOutcome outcome, int schemaVersion)
    {
        var plan = new RebalancePlan { SchemaVersion = schemaVersion };
        foreach (var world in outcome.Worlds)
        {
            plan.PerWorld.Add(world.WorldId, ToMessage(world));
            if (world.Hedge is { } hedge) plan.OverlayDeltas.Add(ToMessage(hedge));
        }

        plan.GlobalDeltas.Add(outcome.Net.Select(ToMessage));
        plan.Warnings.Add(outcome.Warnings);
        return plan;
    }

    private static WorldRebalance ToMessage(WorldPlan world)
    {
        var message = new WorldRebalance
        {
            WorldId = world.WorldId,
            ScaleWorld = world.Scale,
            GrossBefore = world.GrossBefore,
            GrossAfter = world.GrossAfter,
            ResidualNotional = world.Residual,
        };
        foreach (var (strategy, scale) in world.Strategies) message.ScaleByStrategy.Add(strategy, scale);
        message.Deltas.Add(world.Trades.Select(ToMessage));
        return message;
    }

    private static SymbolDelta ToMessage(PlannedTrade trade)
    {
        var message = new SymbolDelta
        {
            Symbol = trade.Symbol,
            Venue = trade.Venue,
            DeltaQty = trade.Quantity,
            DeltaNotional = trade.Notional,
            Mark = trade.Mark,
            WorldId = trade.WorldId,
            StrategyId = trade.StrategyId,
        };
        message.Parts.Add(trade.Parts.Select(part => new DeltaPart { WorldId = part.WorldId, StrategyId = part.StrategyId, DeltaQty = part.Quantity }));
        return message;
    }
}
