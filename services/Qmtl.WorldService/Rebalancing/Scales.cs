namespace Qmtl.WorldService.Rebalancing;

/// <summary>By how much worlds, strategies and their positions change. Pure.</summary>
internal static class Scales
{
    /// <summary>New over old size of a world; one that had nothing keeps what it holds if it has a share now, and closes it if not.</summary>
    public static double World(double before, double after)
    {
        if (before > 0) return after / before;
        return after > 0 ? 1 : 0;
    }

    /// <summary>New over old size of a strategy; one of unknown size goes with its world.</summary>
    public static double Strategy(double before, double after, double world, double worldAfter)
    {
        if (before > 0) return after / before;
        return worldAfter > 0 ? world : 0;
    }

    /// <summary>
    /// What applies to a position. Whoever asks for less is heeded: when the world or the strategy shrinks, the smaller scale holds, so that neither ends above its
    /// share; only when neither shrinks does the larger hold.
    /// </summary>
    public static double Effective(double world, double strategy) => world < 1 || strategy < 1 ? Math.Min(world, strategy) : Math.Max(world, strategy);

    /// <summary>The scales of all strategies of a world, by id.</summary>
    public static SortedDictionary<string, double> OfStrategies(RebalanceInputs inputs, string world, IReadOnlyCollection<RebalancePosition> positions)
    {
        var scale = World(inputs.WorldBefore.GetValueOrDefault(world), inputs.WorldAfter[world]);
        var (before, after) = (inputs.StrategyBefore.GetValueOrDefault(world), inputs.StrategyAfter.GetValueOrDefault(world));
        var held = positions.GroupBy(position => position.StrategyId, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Sum(position => Math.Abs(position.Notional)) / inputs.TotalEquity, StringComparer.Ordinal);
        var scales = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var strategy in held.Keys.Union(before?.Keys ?? [], StringComparer.Ordinal).Union(after?.Keys ?? [], StringComparer.Ordinal))
        {
            // What a strategy holds says what it had where nobody else does.
            var known = before?.GetValueOrDefault(strategy) is > 0 and var share ? share : held.GetValueOrDefault(strategy);
            var own = after is null ? scale : Strategy(known, after.GetValueOrDefault(strategy), scale, inputs.WorldAfter[world]);
            scales[strategy] = Effective(scale, own);
        }

        return scales;
    }
}
