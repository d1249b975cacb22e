using Qmtl.WorldService.Policies.Calendars;

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
    string StrategyId, StrategySide Side, IReadOnlyDictionary<string, double> Metrics, DateTimeOffset? DataEnd = null, TimeSpan? History = null)
{
    /// <summary>What it trades; empty when unknown.</summary>
    public IReadOnlyList<string> Symbols { get; init; } = [];
}

/// <summary>The correlation of one pair of strategies.</summary>
internal readonly record struct PairCorrelation(string First, string Second, double Value);

/// <summary>The correlations of all pairs within a group: names are looked up once a group instead of twice a pair.</summary>
/// <param name="Members">Strategy ids.</param>
/// <param name="Lower">The triangle below the diagonal, row by row: member 1 with 0, 2 with 0, 2 with 1, 3 with 0 and so on.</param>
internal sealed record CorrelationMatrix(IReadOnlyList<string> Members, ReadOnlyMemory<double> Lower);

/// <summary>What hysteresis remembers of a strategy between evaluations.</summary>
/// <param name="Since">When <paramref name="Active"/> last changed; null when it never has.</param>
/// <param name="Above">Consecutive evaluations that selected it.</param>
/// <param name="Below">Consecutive evaluations that did not.</param>
internal sealed record StrategyState(bool Active, DateTimeOffset? Since, int Above, int Below)
{
    public static readonly StrategyState New = new(Active: false, Since: null, Above: 0, Below: 0);
}

/// <summary>Everything an evaluation depends on. Equal inputs give equal outcomes.</summary>
/// <param name="Candidates">Each strategy once, in any order.</param>
/// <param name="Correlations">Known pairs, in any order; a pair that is not known counts as uncorrelated.</param>
internal sealed record PolicyInputs(
    IReadOnlyList<Candidate> Candidates,
    IReadOnlyList<PairCorrelation> Correlations,
    IReadOnlyDictionary<string, StrategyState> States,
    DateTimeOffset Now)
{
    /// <summary>Known groups of pairs, besides <see cref="Correlations"/>.</summary>
    public IReadOnlyList<CorrelationMatrix> Matrices { get; init; } = [];

    /// <summary>The hours of the world's market; lag counts by them only where the policy asks for the calendar of the exchange.</summary>
    public TradingCalendar Calendar { get; init; } = TradingCalendar.Continuous;
}
