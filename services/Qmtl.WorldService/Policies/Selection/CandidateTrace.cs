namespace Qmtl.WorldService.Policies.Selection;

/// <summary>
/// A candidate on its way through the stages. Stages leave facts here, not sentences: judging ten thousand strategies costs what
/// the rules cost, and what is told of one is told when somebody asks (<see cref="Explanation"/>).
/// </summary>
internal sealed class CandidateTrace(Candidate candidate, StrategyState prior, int index)
{
    public Candidate Candidate { get; } = candidate;

    public StrategyState Prior { get; } = prior;

    /// <summary>Place among the candidates in order of id.</summary>
    public int Index { get; } = index;

    /// <summary>NaN without one.</summary>
    public double Score { get; set; } = double.NaN;

    /// <summary>From 1; 0 for one that was not ranked.</summary>
    public int Rank { get; set; }

    /// <summary>Still in the running after the stages so far.</summary>
    public bool Selected { get; private set; } = true;

    /// <summary>Its evidence does not count yet, so that it keeps the state it had.</summary>
    public bool Held { get; private set; }

    public string Code { get; private set; } = SelectionCodes.Selected;

    /// <summary>Whether it came as far as being scored.</summary>
    public bool Rated { get; set; }

    /// <summary>Who shut it out for correlating with them; null when nobody did.</summary>
    public CandidateTrace? Blocker { get; set; }

    /// <summary>The correlation with <see cref="Blocker"/>.</summary>
    public double Correlation { get; set; }

    /// <summary>The exposure limit that had no room for it, and what it would have come to.</summary>
    public (ExposureLimit Limit, double Sum)? Exposure { get; set; }

    /// <summary>The limit on numbers that had no place for it.</summary>
    public SlotLimit? Slot { get; set; }

    /// <summary>Why it has to wait before it changes its state.</summary>
    public IReadOnlyList<ReasonNode> Waiting { get; private set; } = [];

    /// <summary>An incumbent that keeps its place whatever its metrics say.</summary>
    public bool HoldsPlace => Held && Prior.Active;

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

    public void Wait(ReasonNode reason) => Waiting = [.. Waiting, reason];
}
