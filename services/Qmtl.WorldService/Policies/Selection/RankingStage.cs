namespace Qmtl.WorldService.Policies.Selection;

/// <summary>Orders the candidates that are still in the running.</summary>
internal static class RankingStage
{
    /// <summary>Best score first, the unrated last, equals by id; gives each its rank.</summary>
    public static CandidateTrace[] Run(CandidateTrace[] traces, bool rated)
    {
        var ranked = Array.FindAll(traces, trace => trace.Selected);
        if (rated)
        {
            // Ascending in the negative score; without a score last.
            var keys = Array.ConvertAll(ranked, trace => (Descending: double.IsNaN(trace.Score) ? double.PositiveInfinity : -trace.Score, trace.Index));
            Array.Sort(keys, ranked);
        }

        for (var i = 0; i < ranked.Length; i++) ranked[i].Rank = i + 1;
        return ranked;
    }
}
