using System.Buffers;

namespace Qmtl.WorldService.Policies.Selection;

/// <summary>Orders the candidates that are still in the running.</summary>
internal static class RankingStage
{
    private static readonly Comparer<CandidateTrace> ById = Comparer<CandidateTrace>.Create(static (a, b) => a.Index.CompareTo(b.Index));

    /// <summary>Best score first, the unrated last, equals by id; gives each its rank.</summary>
    public static CandidateTrace[] Run(CandidateTrace[] traces, bool rated)
    {
        var ranked = Array.FindAll(traces, trace => trace.Selected);
        if (rated) Sort(ranked);
        for (var i = 0; i < ranked.Length; i++) ranked[i].Rank = i + 1;
        return ranked;
    }

    /// <summary>By plain numbers, which sort several times as fast as pairs of score and id; those that are equal, few as they are, are put in order after that.</summary>
    private static void Sort(CandidateTrace[] ranked)
    {
        // Ascending in the negative score; without a score last.
        var keys = ArrayPool<double>.Shared.Rent(ranked.Length);
        for (var i = 0; i < ranked.Length; i++) keys[i] = double.IsNaN(ranked[i].Score) ? double.PositiveInfinity : -ranked[i].Score;
        Array.Sort(keys, ranked, 0, ranked.Length);
        for (var start = 0; start < ranked.Length;)
        {
            var end = start + 1;
            while (end < ranked.Length && keys[end] == keys[start]) end++;
            if (end - start > 1) Array.Sort(ranked, start, end - start, ById);
            start = end;
        }

        ArrayPool<double>.Shared.Return(keys);
    }
}
