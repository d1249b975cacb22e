namespace Qmtl.Gateway.Rebalancing;

/// <summary>Quantities on a grid of lots, counted in whole numbers so that sums are exact. Pure.</summary>
internal static class LotGrid
{
    // 0.3 / 0.1 is a hair below 3: a quantity that far below a lot is that lot.
    private const double Hair = 1e-9;

    /// <summary>Whole lots in a quantity, rounded towards zero.</summary>
    public static long Count(double quantity, double lot) => (long)Math.CopySign(Math.Floor((Math.Abs(quantity) / lot) + Hair), quantity);

    /// <summary>The quantity of so many lots, free of the noise of binary fractions.</summary>
    public static double Quantity(long count, double lot) => (double)(count * (decimal)lot);

    /// <summary>
    /// Shares a whole number of lots out over parts, as near to what each asks for as whole lots allow. The parts add up to
    /// <paramref name="total"/>, and each is within one lot of what it asks for: lots that rounding leaves over go to the parts that lost most.
    /// </summary>
    /// <param name="total">Lots to share out; what the parts ask for together, rounded towards zero.</param>
    /// <param name="asked">What each part asks for, in lots; of either sign.</param>
    public static long[] Share(long total, IReadOnlyList<double> asked)
    {
        var shares = asked.Select(lots => (long)Math.Truncate(lots + Math.CopySign(Hair, lots))).ToArray();
        var left = total - shares.Sum();
        if (left == 0) return shares;
        var step = Math.Sign(left);
        // What a part lost to rounding in the direction of the remainder; equal losses in the order of the parts.
        var order = Enumerable.Range(0, asked.Count).OrderByDescending(index => (asked[index] - shares[index]) * step).ThenBy(index => index);
        foreach (var index in order.Take((int)Math.Min(Math.Abs(left), asked.Count))) shares[index] += step;
        return shares;
    }
}
