using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Gateway.Rebalancing;

/// <summary>Which world a hedge belongs to. Pure.</summary>
internal static class OverlayMapping
{
    /// <summary>Trades of mode overlay by world.</summary>
    /// <exception cref="RefusalException"><c>E_OVERLAY_EXECUTION_AMBIGUOUS</c> or <c>E_OVERLAY_EXECUTION_UNMAPPED</c>.</exception>
    public static ILookup<string, SymbolDelta> ByWorld(MultiWorldRebalanceRequest request, IEnumerable<SymbolDelta> deltas)
    {
        var worlds = (request.Overlay?.InstrumentByWorld ?? []).ToLookup(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
        return deltas.ToLookup(delta => WorldOf(delta, [.. worlds[delta.Symbol].Order(StringComparer.Ordinal)]), StringComparer.Ordinal);
    }

    private static string WorldOf(SymbolDelta delta, string[] worlds) => worlds switch
    {
        [var world] => world,
        [] => throw new RefusalException(ReasonCodes.OverlayUnmapped, $"No world is hedged with '{delta.Symbol}'; name it in overlay.instrument_by_world.", [new FieldError("/overlay/instrument_by_world", $"does not have '{delta.Symbol}'")]),
        _ => throw new RefusalException(
            ReasonCodes.OverlayAmbiguous,
            $"'{delta.Symbol}' hedges {string.Join(" and ", worlds)}; an order of it would belong to neither. Give each world an instrument of its own.",
            [new FieldError("/overlay/instrument_by_world", $"has '{delta.Symbol}' more than once")]),
    };
}
