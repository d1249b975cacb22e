namespace Qmtl.WorldService.Policies.Selection;

/// <summary>A candidate on its way through the stages; what each stage found is added to it.</summary>
internal sealed class CandidateTrace(Candidate candidate, StrategyState prior, int index)
{
    private readonly List<ReasonNode> _reasons = new(8);

    public Candidate Candidate { get; } = candidate;

    public StrategyState Prior { get; } = prior;

    /// <summary>Place among the candidates in order of id.</summary>
    public int Index { get; } = index;

    public double? Score { get; set; }

    public int? Rank { get; set; }

    /// <summary>Still in the running after the stages so far.</summary>
    public bool Selected { get; private set; } = true;

    /// <summary>Its evidence does not count yet, so that it keeps the state it had.</summary>
    public bool Held { get; private set; }

    public string Code { get; private set; } = SelectionCodes.Selected;

    public IReadOnlyList<ReasonNode> Reasons => _reasons;

    public void Note(ReasonNode reason) => _reasons.Add(reason);

    public void Reject(ReasonNode reason)
    {
        _reasons.Add(reason);
        Reject(reason.Code!);
    }

    public void Reject(string code)
    {
        if (Selected) Code = code;
        Selected = false;
    }

    public void Hold(string code)
    {
        if (!Held) Code = code;
        Held = true;
        Selected = false;
    }
}
