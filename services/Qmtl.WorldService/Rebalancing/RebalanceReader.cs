using System.Globalization;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;
using Qmtl.WorldService.Allocation;
using JsonPointer = Qmtl.WorldService.Policies.Documents.JsonPointer;

namespace Qmtl.WorldService.Rebalancing;

/// <summary>Reads and checks what a plan depends on. Pure.</summary>
internal static class RebalanceReader
{
    private const int MaxPositions = 100_000;

    public static RebalanceInputs Read(MultiWorldRebalanceRequest request)
    {
        CheckShares(request.WorldAllocBefore, "/world_alloc_before");
        CheckShares(request.WorldAllocAfter, "/world_alloc_after");
        if (request.WorldAllocAfter.Count == 0) throw Refuse.Field("/world_alloc_after", "must name at least one world");
        AllocationRules.CheckSum("/world_alloc_after", request.WorldAllocAfter.Values.Sum(), 1);
        foreach (var world in request.WorldAllocBefore.Keys.Where(world => !request.WorldAllocAfter.ContainsKey(world)).Order(StringComparer.Ordinal))
            throw Refuse.Field(JsonPointer.Child("/world_alloc_after", world), $"'{world}' has a share before and none after; give 0 to close it, or the same share to leave it");
        return new RebalanceInputs
        {
            TotalEquity = Above(request.TotalEquity, "/total_equity"),
            WorldBefore = request.WorldAllocBefore,
            WorldAfter = request.WorldAllocAfter,
            StrategyBefore = Strategies(request.StrategyAllocBeforeTotal, "/strategy_alloc_before_total", request.WorldAllocAfter, capped: false),
            StrategyAfter = Strategies(request.StrategyAllocAfterTotal, "/strategy_alloc_after_total", request.WorldAllocAfter, capped: true),
            Positions = Positions(request.Positions, request.WorldAllocAfter),
            MinTradeNotional = NotBelow(request.MinTradeNotional, "/min_trade_notional"),
            Lots = Prices(request.LotSizeBySymbol, "/lot_size_by_symbol"),
            Mode = ReadMode(request.Mode),
            Overlay = Overlay(request.Overlay),
        };
    }

    public static RebalanceMode ReadMode(string mode) => mode switch
    {
        "" or "scaling" or "proportional" => RebalanceMode.Scaling,
        "overlay" => RebalanceMode.Overlay,
        "hybrid" => RebalanceMode.Hybrid,
        _ => throw Refuse.Field(ReasonCodes.RebalanceModeUnsupported, "/mode", $"must be scaling, overlay or hybrid, was '{mode}'"),
    };

    public static IReadOnlyList<RebalancePosition> Positions(RepeatedField<Position> positions, MapField<string, double> worlds)
    {
        if (positions.Count > MaxPositions) throw Refuse.Field(ReasonCodes.TooLarge, "/positions", string.Create(CultureInfo.InvariantCulture, $"at most {MaxPositions} positions are planned at once, were {positions.Count}"));
        return [.. positions.Select((position, i) => ReadPosition(position, string.Create(CultureInfo.InvariantCulture, $"/positions/{i}"), worlds))];
    }

    public static OverlayInstruments Overlay(OverlayConfig? overlay) => overlay is null ? OverlayInstruments.None : new OverlayInstruments(
        overlay.InstrumentByWorld, Prices(overlay.PriceBySymbol, "/overlay/price_by_symbol"), NotBelow(overlay.MinOrderNotional, "/overlay/min_order_notional"));

    public static double NotBelow(double? value, string pointer) => value switch
    {
        null => 0,
        >= 0 and < double.PositiveInfinity => value.Value,
        _ => throw Refuse.Field(pointer, string.Create(CultureInfo.InvariantCulture, $"must be a number of 0 or above, was {value}")),
    };

    public static IReadOnlyDictionary<string, double> Prices(MapField<string, double> prices, string pointer)
    {
        foreach (var (symbol, price) in prices) Above(price, JsonPointer.Child(pointer, symbol));
        return prices;
    }

    public static Dictionary<string, IReadOnlyDictionary<string, double>> Strategies(MapField<string, Struct> shares, string pointer, MapField<string, double> worlds, bool capped)
    {
        var read = new Dictionary<string, IReadOnlyDictionary<string, double>>(StringComparer.Ordinal);
        foreach (var (world, strategies) in shares)
        {
            var here = JsonPointer.Child(pointer, world);
            if (!worlds.TryGetValue(world, out var share)) throw Refuse.Field(here, $"'{world}' has no share of its own");
            var values = AllocationRules.ReadShares(strategies, here);
            if (capped) AllocationRules.CheckSum(here, values.Values.Sum(), share);
            read[world] = values;
        }

        return read;
    }

    private static RebalancePosition ReadPosition(Position position, string pointer, MapField<string, double> worlds)
    {
        if (!worlds.ContainsKey(position.WorldId)) throw Refuse.Field(pointer + "/world_id", $"'{position.WorldId}' has no share after; a position nobody has a share for is neither kept nor closed by guess");
        if (position.StrategyId.Length is 0 or > 200) throw Refuse.Field(pointer + "/strategy_id", "must be 1 to 200 characters");
        if (position.Symbol.Length is 0 or > 100) throw Refuse.Field(pointer + "/symbol", "must be 1 to 100 characters");
        if (!double.IsFinite(position.Qty)) throw Refuse.Field(pointer + "/qty", "must be a finite number");
        Above(position.Mark, pointer + "/mark");
        if (!double.IsFinite(position.Qty * position.Mark * 1e6)) throw Refuse.Field(pointer + "/qty", "times mark is too large for a number");
        return new RebalancePosition(position.WorldId, position.StrategyId, position.Venue, position.Symbol, position.Qty, position.Mark, position.NoTrade);
    }

    private static void CheckShares(MapField<string, double> shares, string pointer)
    {
        foreach (var (world, share) in shares) AllocationRules.CheckShare(JsonPointer.Child(pointer, world), share);
    }

    private static double Above(double value, string pointer) =>
        value > 0 && double.IsFinite(value) ? value : throw Refuse.Field(pointer, string.Create(CultureInfo.InvariantCulture, $"must be a number above 0, was {value}"));
}
