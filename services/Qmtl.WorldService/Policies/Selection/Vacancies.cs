namespace Qmtl.WorldService.Policies.Selection;

/// <summary>What strategies that stay for now leave to those that would enter.</summary>
internal sealed class Vacancies
{
    private readonly SlotCounter _slots;
    private readonly ExposureBook? _book;
    private readonly Dictionary<int, CandidateTrace> _shutOut = [];

    public Vacancies(TopKPolicy? topK, ExposureShares? shares, CandidateTrace[] overstaying, ConflictGraph conflicts)
    {
        _slots = new SlotCounter(topK ?? new TopKPolicy(null, null, null));
        _book = shares is null ? null : new ExposureBook(shares);
        foreach (var trace in overstaying)
        {
            foreach (var (other, _) in conflicts.Of(trace.Index)) _shutOut.TryAdd(other, trace);
        }
    }

    public void Take(CandidateTrace trace)
    {
        _slots.Take(trace);
        _book?.Take(trace.Candidate);
    }

    /// <summary>Why there is no room for the strategy yet; null when there is.</summary>
    public ReasonNode? WhyNot(CandidateTrace trace)
    {
        if (_shutOut.TryGetValue(trace.Index, out var other)) return Until("correlates with " + other.Candidate.StrategyId, SelectionCodes.CorrelatedWithHeld);
        if (_slots.Refuses(trace.Candidate.Side) is { } full) return Until(full.Text, SelectionCodes.SlotHeld);
        return _book?.Refuses(trace.Candidate) is var (limit, _) ? Until(limit.Text, SelectionCodes.ExposureHeld) : null;
    }

    private static ReasonNode Until(string limit, string code) =>
        new(new ReasonRule("hysteresis", $"{limit}, with strategies that stay for now"), RuleOutcome.Warn, code) { Needed = "that a strategy which hysteresis still keeps leaves" };
}
