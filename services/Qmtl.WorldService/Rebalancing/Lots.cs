namespace Qmtl.WorldService.Rebalancing;

/// <summary>Quantities that can be traded. Pure.</summary>
internal static class Lots
{
    // 0.3 / 0.1 is a hair below 3.
    private const double Hair = 1e-9;

    /// <summary>The whole lots of a quantity, rounded towards zero; the quantity itself where the symbol has no lot.</summary>
    public static double TowardZero(double quantity, string symbol, IReadOnlyDictionary<string, double> lots)
    {
        if (!lots.TryGetValue(symbol, out var lot)) return quantity;
        var count = Math.Floor((Math.Abs(quantity) / lot) + Hair);
        return count > 0 ? Math.CopySign(count * lot, quantity) : 0;
    }
}
