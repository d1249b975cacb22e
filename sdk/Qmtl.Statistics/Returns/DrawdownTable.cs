namespace Qmtl.Statistics;

/// <summary>One fall of equity below a peak, from that peak until it is reached again.</summary>
/// <param name="Depth">Fall from the peak to the lowest point, as a positive fraction of the peak.</param>
/// <param name="PeakIndex">The point it fell from; −1 is the start before the first return.</param>
/// <param name="TroughIndex">The lowest point.</param>
/// <param name="RecoveryIndex">The first point at or above the peak again; null while it is not reached.</param>
public readonly record struct Drawdown(double Depth, int PeakIndex, int TroughIndex, int? RecoveryIndex);

/// <summary>The drawdowns of a series, one by one.</summary>
public static class DrawdownTable
{
    /// <summary>The deepest drawdowns of compounded returns, deepest first; of equal ones the earlier first.</summary>
    /// <param name="returns">Returns, one a bar; they must be finite.</param>
    /// <param name="count">How many at most.</param>
    public static IReadOnlyList<Drawdown> Deepest(ReadOnlySpan<double> returns, int count = 5)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return [.. All(returns).OrderByDescending(drawdown => drawdown.Depth).ThenBy(drawdown => drawdown.PeakIndex).Take(count)];
    }

    /// <summary>All drawdowns of compounded returns in order of time.</summary>
    public static IReadOnlyList<Drawdown> All(ReadOnlySpan<double> returns)
    {
        var found = new List<Drawdown>();
        double level = 1, peak = 1;
        var peakAt = -1;
        Drawdown? open = null;
        for (var i = 0; i < returns.Length; i++)
        {
            level *= 1 + returns[i];
            if (level >= peak)
            {
                if (open is { } recovered) found.Add(recovered with { RecoveryIndex = i });
                (open, peak, peakAt) = (null, level, i);
                continue;
            }

            var depth = 1 - (level / peak);
            if (open is not { } current) open = new Drawdown(depth, peakAt, i, null);
            else if (depth > current.Depth) open = current with { Depth = depth, TroughIndex = i };
        }

        if (open is { } unfinished) found.Add(unfinished);
        return found;
    }

    /// <summary>Mean depth of all drawdowns; null without one.</summary>
    public static double? AverageDepth(ReadOnlySpan<double> returns)
    {
        var all = All(returns);
        return all.Count == 0 ? null : all.Average(drawdown => drawdown.Depth);
    }
}
