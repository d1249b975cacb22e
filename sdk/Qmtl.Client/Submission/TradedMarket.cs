using Qmtl.Runtime;
using Qmtl.Strategies;

namespace Qmtl.Client;

/// <summary>What a strategy trades and which way, as the limits of a world ask for it.</summary>
/// <param name="Symbols">The instruments it holds positions in.</param>
/// <param name="Side"><c>long</c>, <c>short</c> or <c>both</c>.</param>
internal sealed record TradedMarket(IReadOnlyList<string> Symbols, string Side)
{
    /// <summary>The symbols are those it sets targets for; a strategy without targets, whose returns are stated, is taken to trade what it reads.</summary>
    public static TradedMarket Of(StrategyGraph graph, ReplayResult? replayed) => new(
        graph.Targets.Count > 0 ? [.. graph.Targets.Select(target => target.Instrument).Distinct(StringComparer.Ordinal)] : graph.Instruments,
        replayed is null ? "long" : SideOf(replayed.Series.Fills));

    /// <summary>The sides on which positions stood after the fills. One that never traded counts as long, which is what the world takes for granted.</summary>
    public static string SideOf(IEnumerable<FillRecord> fills)
    {
        var positions = new Dictionary<int, long>();
        var (longs, shorts) = (false, false);
        foreach (var (_, fill) in fills)
        {
            var position = positions.GetValueOrDefault(fill.Instrument) + fill.Signed.Lots;
            positions[fill.Instrument] = position;
            longs |= position > 0;
            shorts |= position < 0;
        }

        return (longs, shorts) switch { (true, true) => "both", (false, true) => "short", _ => "long" };
    }
}
