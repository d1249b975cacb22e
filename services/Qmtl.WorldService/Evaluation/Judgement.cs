using System.Text.Json;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>What an evaluation found, before anything of it is stored.</summary>
/// <param name="States">The states the evaluation started from.</param>
/// <param name="Measured">Metrics that the request brought along.</param>
internal sealed record Judgement(
    PolicyOutcome Outcome,
    IReadOnlyDictionary<string, StrategyState> States,
    IReadOnlyDictionary<string, MeasurementRow> Measured,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Metrics)
{
    /// <summary>
    /// Judges the world's strategies together: those the request measured, and the others with their newest metrics, so that
    /// the best of the world are chosen and not the best of the request. A strategy that nobody ever measured takes no part.
    /// </summary>
    public static Judgement Judge(EvaluationCommand command, PolicyDocument policy, Cohort cohort, IReadOnlyDictionary<string, Dictionary<string, double>> computed, DateTimeOffset now)
    {
        var measured = Measure(command, cohort, computed, now);
        var previous = command.Previous.Count > 0 ? command.Previous : cohort.Active;
        var ids = cohort.Bound.Where(id => cohort.Measurements.Contains(id)).Concat(measured.Keys).Concat(previous).Concat(command.Subjects).Distinct(StringComparer.Ordinal);
        var candidates = ids.Select(id => measured.GetValueOrDefault(id) ?? cohort.Latest(id, command.Stage) ?? new MeasurementRow { StrategyId = id }).Select(row => row.ToCandidate()).ToArray();
        var active = previous.ToHashSet(StringComparer.Ordinal);
        var states = candidates.ToDictionary(
            candidate => candidate.StrategyId,
            candidate => (cohort.Selection.GetValueOrDefault(candidate.StrategyId)?.Before(command.RunId) ?? StrategyState.New) with { Active = WasActive(candidate.StrategyId, command, cohort, active) },
            StringComparer.Ordinal);
        var correlations = command.Correlations.Concat(SeriesMeasures.Correlations(command.Series)
            .Where(pair => !command.Correlations.Any(given => SamePair(given, pair)))).ToArray();
        var outcome = PolicyEngine.Evaluate(policy, new PolicyInputs(candidates, correlations, states, now));
        return new Judgement(outcome, states, measured, candidates.ToDictionary(candidate => candidate.StrategyId, candidate => candidate.Metrics, StringComparer.Ordinal));
    }

    /// <summary>Decisions say who is active, except where this very run has changed that before.</summary>
    private static bool WasActive(string strategyId, EvaluationCommand command, Cohort cohort, HashSet<string> active) =>
        command.Previous.Count == 0 && cohort.Selection.TryGetValue(strategyId, out var row) && string.Equals(row.RunId, command.RunId, StringComparison.Ordinal)
            ? row.PriorActive
            : active.Contains(strategyId);

    private static Dictionary<string, MeasurementRow> Measure(
        EvaluationCommand command, Cohort cohort, IReadOnlyDictionary<string, Dictionary<string, double>> computed, DateTimeOffset now)
    {
        var rows = new Dictionary<string, MeasurementRow>(StringComparer.Ordinal);
        foreach (var strategy in command.Metrics.Where(pair => pair.Value.Count > 0).Select(pair => pair.Key).Union(computed.Keys, StringComparer.Ordinal))
        {
            rows[strategy] = new MeasurementRow
            {
                WorldId = command.WorldId,
                StrategyId = strategy,
                Stage = command.Stage,
                RunId = command.RunId,
                Side = SideOf(strategy, command, cohort),
                Metrics = JsonSerializer.Serialize(ValuesOf(strategy, command, computed)),
                DataStart = command.Data?.DataStart?.ToDateTimeOffset(),
                DataEnd = command.Data?.DataEnd?.ToDateTimeOffset() ?? command.Data?.AsOf?.ToDateTimeOffset(),
                UpdatedAt = now,
            };
        }

        return rows;
    }

    /// <summary>What the producer measured itself wins over what follows from its series.</summary>
    private static Dictionary<string, double> ValuesOf(string strategy, EvaluationCommand command, IReadOnlyDictionary<string, Dictionary<string, double>> computed)
    {
        var values = new Dictionary<string, double>(computed.GetValueOrDefault(strategy) ?? [], StringComparer.Ordinal);
        if (!command.Metrics.TryGetValue(strategy, out var given)) return values;
        foreach (var (name, value) in given) values[name] = value;
        return values;
    }

    private static string SideOf(string strategy, EvaluationCommand command, Cohort cohort) =>
        command.Series.TryGetValue(strategy, out var series) && series.Side.Length > 0 ? series.Side : cohort.Latest(strategy, command.Stage)?.Side ?? "long";

    private static bool SamePair(PairCorrelation a, PairCorrelation b) =>
        (string.Equals(a.First, b.First, StringComparison.Ordinal) && string.Equals(a.Second, b.Second, StringComparison.Ordinal))
        || (string.Equals(a.First, b.Second, StringComparison.Ordinal) && string.Equals(a.Second, b.First, StringComparison.Ordinal));
}
