using Qmtl.WorldService.Policies.Calendars;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Policies.Tools;

/// <summary>A course of events with what its author expects of it.</summary>
/// <param name="Calendar">When the market is open.</param>
/// <param name="Before">What hysteresis remembers at the beginning.</param>
/// <param name="Evaluations">In order of time; at least one.</param>
internal sealed record Scenario(string Name, TradingCalendar Calendar, IReadOnlyDictionary<string, StrategyState> Before, IReadOnlyList<ScenarioEvaluation> Evaluations);

/// <summary>One evaluation of a scenario: everything the policy sees at <paramref name="At"/>.</summary>
/// <param name="Expect">What should come of it; null where the author does not care.</param>
internal sealed record ScenarioEvaluation(
    DateTimeOffset At, IReadOnlyList<Candidate> Candidates, IReadOnlyList<PairCorrelation> Correlations, ScenarioExpectation? Expect);

/// <summary>What should come of an evaluation. Whatever is null or empty is not checked.</summary>
/// <param name="Pointer">Where the expectation stands in its document.</param>
/// <param name="Active">The whole active set, in any order.</param>
/// <param name="Rejected">Strategy to the code of what decided against it.</param>
/// <param name="Promoted">All who enter with this evaluation.</param>
/// <param name="Demoted">All who leave with this evaluation.</param>
/// <param name="DataCurrency"><c>pass</c> or <c>fail</c>: whether the active set's data is fresh enough.</param>
internal sealed record ScenarioExpectation(
    string Pointer,
    IReadOnlyList<string>? Active,
    IReadOnlyDictionary<string, string> Rejected,
    IReadOnlyList<string>? Promoted,
    IReadOnlyList<string>? Demoted,
    IReadOnlyDictionary<string, double> Scores,
    IReadOnlyDictionary<string, double> Ranks,
    string? DataCurrency);
