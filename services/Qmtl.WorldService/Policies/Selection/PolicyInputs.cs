namespace Qmtl.WorldService.Policies.Selection;

/// <summary>Which way a strategy trades. A strategy of both sides counts against each side's limit.</summary>
[Flags]
internal enum StrategySide
{
    Long = 1,
    Short = 2,
    Both = Long | Short,
}

/// <summary>One strategy as the policy sees it.</summary>
/// <param name="Metrics">By flattened name; only finite values.</param>
/// <param name="DataEnd">The end of the data it was measured on, when known.</param>
/// <param name="History">How long that data reaches, when known.</param>
internal sealed record Candidate(
    string StrategyId, StrategySide Side, IReadOnlyDictionary<string, double> Metrics, DateTimeOffset? DataEnd = null, TimeSpan? History = null);

/// <summary>The correlation of one pair of strategies.</summary>
internal readonly record struct PairCorrelation(string First, string Second, double Value);

/// <summary>What hysteresis remembers of a strategy between evaluations.</summary>
/// <param name="Since">When <paramref name="Active"/> last changed; null when it never has.</param>
/// <param name="Above">Consecutive evaluations that selected it.</param>
/// <param name="Below">Consecutive evaluations that did not.</param>
internal sealed record StrategyState(bool Active, DateTimeOffset? Since, int Above, int Below)
{
    public static readonly StrategyState New = new(Active: false, Since: null, Above: 0, Below: 0);
}

/// <summary>Everything an evaluation depends on. Equal inputs give equal outcomes.</summary>
internal sealed record PolicyInputs(
    IReadOnlyList<Candidate> Candidates,
    IReadOnlyList<PairCorrelation> Correlations,
    IReadOnlyDictionary<string, StrategyState> States,
    DateTimeOffset Now);
