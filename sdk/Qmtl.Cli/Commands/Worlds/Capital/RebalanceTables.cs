using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Capital;

/// <summary>Plans as people read them.</summary>
internal static class RebalanceTables
{
    public static void Draw(Screen screen, RebalancePlan plan)
    {
        var worlds = plan.PerWorld.OrderBy(world => world.Key, StringComparer.Ordinal).ToArray();
        screen.Table(
            ["world", "scale", "gross before", "gross after", "not reached"],
            worlds.Select(world => (IReadOnlyList<string>)
            [
                world.Key, Screen.Number(world.Value.ScaleWorld)!, Screen.Number(world.Value.GrossBefore)!, Screen.Number(world.Value.GrossAfter)!, Screen.Number(world.Value.ResidualNotional)!,
            ]));
        var trades = worlds.SelectMany(world => world.Value.Deltas).Concat(plan.OverlayDeltas).ToArray();
        if (trades.Length == 0) screen.Line("Nothing to trade.");
        else screen.Table(["world", "strategy", "venue", "symbol", "quantity", "notional"], trades.Select(Row));
        foreach (var warning in plan.Warnings) screen.Line($"  note: {warning}");
    }

    private static IReadOnlyList<string> Row(SymbolDelta trade) =>
        [trade.WorldId, trade.StrategyId.Length > 0 ? trade.StrategyId : Screen.Whole(trade.Parts.Count) + " parts", trade.Venue, trade.Symbol, Screen.Number(trade.DeltaQty)!, Screen.Number(trade.DeltaNotional)!];
}
