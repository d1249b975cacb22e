namespace Qmtl.WorldService.Policies.Selection;

/// <summary>How an evaluation changes a strategy's place.</summary>
internal enum Transition
{
    None,
    Promote,
    Demote,
}

/// <summary>The policy's answer for one strategy.</summary>
/// <param name="Active">Whether the strategy is in the world's active set after this evaluation.</param>
/// <param name="Selected">Whether this evaluation, taken alone, chose it; hysteresis may differ.</param>
/// <param name="Code">The reason in one word: <c>selected</c>, or the code of what decided.</param>
internal sealed record StrategyVerdict(
    string StrategyId, StrategySide Side, bool Active, bool Selected, string Code, double? Score, int? Rank, Transition Transition, StrategyState Next)
{
    /// <summary>Knows the facts from which the reasons are told.</summary>
    public required Explanation Explanation { get; init; }

    /// <summary>
    /// Every rule that looked at the strategy, in order. Told anew each time, equal each time, and not kept: trees of ten thousand strategies that
    /// outlive their reader cost more to collect than to tell. Who reads them twice holds on to them.
    /// </summary>
    public IReadOnlyList<ReasonNode> Reasons => Explanation.Tell();
}

/// <summary>The answer for all of them.</summary>
/// <param name="Active">The active set, best first; without a ranking by id.</param>
/// <param name="Verdicts">One for each candidate, by strategy id.</param>
/// <param name="Currency">The worst data currency in the active set; the world stays compute-only unless it passes.</param>
internal sealed record PolicyOutcome(IReadOnlyList<string> Active, IReadOnlyList<StrategyVerdict> Verdicts, ReasonNode? Currency)
{
    /// <summary>The verdict about a strategy, found in logarithmic time; null when it took no part.</summary>
    public StrategyVerdict? Find(string strategyId)
    {
        var (low, high) = (0, Verdicts.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(Verdicts[middle].StrategyId, strategyId);
            if (order == 0) return Verdicts[middle];
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return null;
    }
}
