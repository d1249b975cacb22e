using System.Globalization;
using Qmtl.Identity;

namespace Qmtl.WorldService.Rebalancing;

/// <summary>
/// The trades that lead from one set of shares to another. Pure: the same inputs in any order give the same plan, and shares that do not change give none.
/// </summary>
internal static class RebalancePlanner
{
    public static RebalanceOutcome Plan(RebalanceInputs inputs)
    {
        // Sums of floating-point numbers depend on their order, so there is one order.
        var byWorld = inputs.Positions
            .OrderBy(position => position.Venue, StringComparer.Ordinal)
            .ThenBy(position => position.Symbol, StringComparer.Ordinal)
            .ThenBy(position => position.StrategyId, StringComparer.Ordinal)
            .ThenBy(position => position.Quantity)
            .ThenBy(position => position.Mark)
            .ThenBy(position => position.NoTrade)
            .ToLookup(position => position.WorldId, StringComparer.Ordinal);
        var warnings = new List<string>();
        WorldPlan[] worlds = [.. inputs.WorldAfter.Keys.Order(StringComparer.Ordinal).Select(world => PlanWorld(inputs, world, [.. byWorld[world]], warnings))];
        return new RebalanceOutcome(worlds, Net(worlds), warnings);
    }

    private static WorldPlan PlanWorld(RebalanceInputs inputs, string world, RebalancePosition[] positions, List<string> warnings)
    {
        var scale = Scales.World(inputs.WorldBefore.GetValueOrDefault(world), inputs.WorldAfter[world]);
        var strategies = Scales.OfStrategies(inputs, world, positions);
        double ScaleOf(RebalancePosition position) => inputs.Mode is RebalanceMode.Overlay ? scale : strategies[position.StrategyId];
        var wanted = positions.Sum(position => position.Notional * (ScaleOf(position) - 1));
        var trades = inputs.Mode is RebalanceMode.Overlay ? [] : Trades(inputs, positions, ScaleOf);
        var left = wanted - trades.Sum(trade => trade.Notional);
        var hedge = inputs.Mode is RebalanceMode.Scaling ? null : OverlayPlanner.Hedge(inputs, world, Settle(left, wanted));
        var plan = new WorldPlan(
            world, scale, strategies, trades, hedge, positions.Sum(position => Math.Abs(position.Notional)),
            positions.Sum(position => Math.Abs(position.Notional) * ScaleOf(position)), Settle(left - (hedge?.Notional ?? 0), wanted));
        Warn(inputs, plan, positions, warnings);
        return plan;
    }

    private static PlannedTrade[] Trades(RebalanceInputs inputs, RebalancePosition[] positions, Func<RebalancePosition, double> scaleOf) =>
        [.. positions
            .Where(position => !position.NoTrade)
            .GroupBy(position => (position.Venue, position.Symbol))
            .Select(group => Trade(inputs, group.Key.Venue, group.Key.Symbol, [.. group.Select(position => (position, scaleOf(position) - 1))]))
            .OfType<PlannedTrade>()];

    /// <summary>
    /// Quantities are scaled, not notionals divided by an average mark: where marks of one symbol differ, the quotient would sell more than there is.
    /// </summary>
    private static PlannedTrade? Trade(RebalanceInputs inputs, string venue, string symbol, IReadOnlyList<(RebalancePosition Position, double Change)> changes)
    {
        var quantity = changes.Sum(change => change.Position.Quantity * change.Change);
        var notional = changes.Sum(change => change.Position.Notional * change.Change);
        if (Math.Abs(quantity) <= 1e-12 * changes.Sum(change => Math.Abs(change.Position.Quantity)) || Math.Abs(notional) < inputs.MinTradeNotional) return null;
        var rounded = Lots.TowardZero(quantity, symbol, inputs.Lots);
        if (rounded == 0) return null;
        var kept = rounded / quantity;
        var parts = changes
            .GroupBy(change => (change.Position.WorldId, change.Position.StrategyId))
            .Select(group => new TradePart(group.Key.WorldId, group.Key.StrategyId, kept * group.Sum(change => change.Position.Quantity * change.Change)))
            .Where(part => part.Quantity != 0)
            .OrderBy(part => part.StrategyId, StringComparer.Ordinal);
        return new PlannedTrade(venue, symbol, rounded, kept * notional, [.. parts]);
    }

    /// <summary>Netted after rounding: what the account trades is exactly what the worlds trade, and what one buys and another sells need not be traded at all.</summary>
    private static PlannedTrade[] Net(IEnumerable<WorldPlan> worlds) =>
        [.. worlds
            .SelectMany(world => world.Trades)
            .GroupBy(trade => (trade.Venue, trade.Symbol))
            .OrderBy(group => group.Key.Venue, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Symbol, StringComparer.Ordinal)
            .Where(group => Math.Abs(group.Sum(trade => trade.Quantity)) > 1e-12 * group.Sum(trade => Math.Abs(trade.Quantity)))
            .Select(group => new PlannedTrade(
                group.Key.Venue, group.Key.Symbol, group.Sum(trade => trade.Quantity), group.Sum(trade => trade.Notional), [.. group.SelectMany(trade => trade.Parts)]))];

    /// <summary>What is left of a sum after taking all its parts away is rounding, not a residual.</summary>
    private static double Settle(double left, double wanted) => Math.Abs(left) <= 1e-9 * Math.Abs(wanted) ? 0 : left;

    private static void Warn(RebalanceInputs inputs, WorldPlan plan, RebalancePosition[] positions, List<string> warnings)
    {
        void Add(FormattableString text) => warnings.Add($"{plan.WorldId}: {text.ToString(CultureInfo.InvariantCulture)}");
        var capacity = plan.GrossBefore * plan.Scale;
        if (plan.Scale >= 1 && plan.GrossAfter > capacity * (1 + 1e-9))
            Add($"positions grow to {plan.GrossAfter:G6} gross, its share carries {capacity:G6}, because strategies that keep their share grow with the world.");
        var held = positions.Count(position => position.NoTrade && position.Quantity != 0);
        if (held > 0 && inputs.Mode is RebalanceMode.Scaling) Add($"{held} positions cannot be traded and stay as they are.");
        if (plan.Residual != 0 && plan.Scale == 0) Add($"closing leaves {plan.Residual:G6} that lots and smallest trades do not reach.");
        if (inputs.Mode is RebalanceMode.Overlay && plan.Strategies.Values.Any(scale => Math.Abs(scale - plan.Scale) > 1e-12))
            Add($"an overlay changes the world as a whole; shares of single strategies need mode scaling or hybrid.");
    }
}

/// <summary>Changes a world's net exposure by one instrument. Pure.</summary>
internal static class OverlayPlanner
{
    /// <summary>The trade that adds <paramref name="notional"/>, or null when it is too small for one.</summary>
    /// <exception cref="RefusalException">The world has no instrument, or the instrument no price.</exception>
    public static PlannedTrade? Hedge(RebalanceInputs inputs, string world, double notional)
    {
        var overlay = inputs.Overlay;
        if (notional == 0 || Math.Abs(notional) < overlay.MinOrderNotional) return null;
        if (!overlay.InstrumentByWorld.TryGetValue(world, out var symbol)) throw Refuse.Field($"/overlay/instrument_by_world/{world}", "is missing: name the instrument that hedges this world");
        if (!overlay.PriceBySymbol.TryGetValue(symbol, out var price)) throw Refuse.Field($"/overlay/price_by_symbol/{symbol}", "is missing: give the price of the instrument");
        var quantity = Lots.TowardZero(notional / price, symbol, inputs.Lots);
        return quantity == 0 ? null : new PlannedTrade("", symbol, quantity, quantity * price, [new TradePart(world, "", quantity)]);
    }
}
