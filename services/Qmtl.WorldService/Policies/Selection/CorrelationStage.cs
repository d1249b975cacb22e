namespace Qmtl.WorldService.Policies.Selection;

/// <summary>
/// Greedy by rank: each candidate that stays shuts out those it conflicts with. Costs one visit of each conflicting pair.
/// </summary>
internal static class CorrelationStage
{
    public static void Run(CandidateTrace[] all, CandidateTrace[] ranked, ConflictGraph conflicts, double? limit)
    {
        if (limit is null) return;
        foreach (var trace in all)
        {
            if (trace.HoldsPlace) Block(trace, all, conflicts);
        }

        foreach (var trace in ranked)
        {
            if (trace.Blocker is null) Block(trace, all, conflicts);
            else trace.Reject(SelectionCodes.CorrelationExceeded);
        }
    }

    private static void Block(CandidateTrace keeper, CandidateTrace[] all, ConflictGraph conflicts)
    {
        foreach (var (index, value) in conflicts.Of(keeper.Index))
        {
            var other = all[index];
            if (other.Blocker is not null && (other.Blocker != keeper || !IsStronger(value, other.Correlation))) continue;
            other.Blocker = keeper;
            other.Correlation = value;
        }
    }

    // A pair may be given twice, in any order; what a reason names must not depend on it.
    private static bool IsStronger(double value, double than) => Math.Abs(value) != Math.Abs(than) ? Math.Abs(value) > Math.Abs(than) : value > than;
}
