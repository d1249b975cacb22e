using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.Gateway.Rebalancing;

/// <summary>Why a trade of a plan becomes no order.</summary>
internal static class Violations
{
    public const string LotSize = "lot-size";
    public const string MinNotional = "min-notional";
    public const string MissingMark = "missing-mark";
}

/// <summary>A trade of a plan with what it came from.</summary>
/// <param name="Order">The order.</param>
/// <param name="Delta">The trade.</param>
/// <param name="Lot">Its lot; 0 for none.</param>
internal sealed record TranslatedOrder(RebalanceOrder Order, SymbolDelta Delta, double Lot)
{
    /// <summary>Signed notional in account currency.</summary>
    public double Notional => Order.Quantity * Delta.Mark;
}

/// <summary>What became of the trades of a plan.</summary>
internal sealed record Translation(IReadOnlyList<TranslatedOrder> Orders, IReadOnlyList<RebalanceViolation> Violations);

/// <summary>Turns the trades of plans into orders. Pure.</summary>
internal sealed class OrderTranslation(MultiWorldRebalanceRequest request, RebalanceOptions options)
{
    /// <summary>The orders for trades of one world, or of all.</summary>
    /// <param name="deltas">The trades.</param>
    /// <param name="worldId">The world; empty for trades netted over worlds.</param>
    public Translation Translate(IEnumerable<SymbolDelta> deltas, string worldId)
    {
        var orders = new List<TranslatedOrder>();
        var violations = new List<RebalanceViolation>();
        foreach (var delta in deltas)
        {
            var lot = request.LotSizeBySymbol.GetValueOrDefault(delta.Symbol);
            var quantity = lot > 0 ? LotGrid.Quantity(LotGrid.Count(delta.DeltaQty, lot), lot) : delta.DeltaQty;
            if (Violation(delta, quantity) is { } code)
            {
                violations.Add(new RebalanceViolation { Code = code, WorldId = worldId, Symbol = delta.Symbol, Venue = delta.Venue, Quantity = delta.DeltaQty });
                continue;
            }

            orders.Add(new TranslatedOrder(Order(delta, quantity, worldId, delta.StrategyId), delta, lot));
        }

        return new Translation(orders, violations);
    }

    /// <summary>
    /// An order of one world split over its strategies by the parts that the plan names, never by position in a list. The parts add up to the
    /// order, each within one lot of what the plan gives it.
    /// </summary>
    public IEnumerable<RebalanceOrder> Split(TranslatedOrder order)
    {
        var parts = Parts(order);
        double[] quantities = order.Lot > 0
            ? [.. LotGrid.Share(LotGrid.Count(order.Order.Quantity, order.Lot), [.. parts.Select(part => part.Quantity / order.Lot)]).Select(count => LotGrid.Quantity(count, order.Lot))]
            : [.. parts.Select(part => part.Quantity)];
        for (var index = 0; index < parts.Count; index++)
        {
            if (quantities[index] != 0) yield return Order(order.Delta, quantities[index], order.Order.WorldId, parts[index].StrategyId);
        }
    }

    /// <summary>The sum of positions in an instrument.</summary>
    public double Position(string worldId, string strategyId, string venue, string symbol) => request.Positions
        .Where(position => position.Symbol == symbol && position.Venue == venue && (worldId.Length == 0 || position.WorldId == worldId) && (strategyId.Length == 0 || position.StrategyId == strategyId))
        .Sum(position => position.Qty);

    /// <summary>
    /// Whether an order only makes a position smaller. One that goes through zero does not: a venue would cut it off there. Nor is it a matter of
    /// the order's sign: selling makes a short position larger.
    /// </summary>
    public static bool IsReducing(double position, double quantity) => position != 0 && Math.Sign(quantity) == -Math.Sign(position) && Math.Abs(quantity) <= Math.Abs(position);

    private string? Violation(SymbolDelta delta, double quantity)
    {
        if (!(delta.Mark > 0) || !double.IsFinite(delta.Mark)) return Violations.MissingMark;
        if (quantity == 0 || !double.IsFinite(quantity)) return Violations.LotSize;
        var smallest = request.MinTradeNotional ?? 0;
        // The same hair as for lots: an order of exactly the smallest size is one.
        return Math.Abs(quantity * delta.Mark) < smallest * (1 - 1e-12) ? Violations.MinNotional : null;
    }

    private RebalanceOrder Order(SymbolDelta delta, double quantity, string worldId, string strategyId)
    {
        var policy = options.PolicyOf(delta.Venue);
        var reduces = IsReducing(Position(worldId, strategyId, delta.Venue, delta.Symbol), quantity) && policy.SupportsReduceOnly;
        return new RebalanceOrder
        {
            Symbol = delta.Symbol,
            Quantity = quantity,
            Side = quantity > 0 ? "buy" : "sell",
            TimeInForce = reduces && policy.ReduceOnlyRequiresIoc ? "IOC" : policy.DefaultTimeInForce ?? options.TimeInForce,
            Venue = delta.Venue,
            ReduceOnly = reduces ? true : null,
            WorldId = worldId,
            StrategyId = strategyId,
        };
    }

    /// <summary>Whose trade it is: as the plan says; without, by what each strategy holds; without positions, by what each is to hold.</summary>
    private List<(string StrategyId, double Quantity)> Parts(TranslatedOrder order)
    {
        var (delta, world) = (order.Delta, order.Order.WorldId);
        if (delta.Parts.Count > 0) return [.. delta.Parts.Where(part => world.Length == 0 || part.WorldId == world).GroupBy(part => part.StrategyId, StringComparer.Ordinal).Select(group => (group.Key, group.Sum(part => part.DeltaQty)))];
        if (delta.StrategyId.Length > 0) return [(delta.StrategyId, order.Order.Quantity)];
        var held = request.Positions.Where(position => position.WorldId == world && position.Symbol == delta.Symbol && position.Venue == delta.Venue)
            .GroupBy(position => position.StrategyId, StringComparer.Ordinal).Select(group => (group.Key, Weight: group.Sum(position => Math.Abs(position.Qty * position.Mark)))).Where(share => share.Weight > 0).ToArray();
        var weights = held.Length > 0 || order.Order.Quantity < 0 ? held : Intended(world);
        var whole = weights.Sum(share => share.Weight);
        return whole > 0 ? [.. weights.Select(share => (share.Key, order.Order.Quantity * share.Weight / whole))] : [("", order.Order.Quantity)];
    }

    private (string Key, double Weight)[] Intended(string world) => request.StrategyAllocAfterTotal.TryGetValue(world, out var shares)
        ? [.. shares.Fields.Where(pair => pair.Value.KindCase == Value.KindOneofCase.NumberValue && pair.Value.NumberValue > 0).Select(pair => (pair.Key, pair.Value.NumberValue))]
        : [];
}
