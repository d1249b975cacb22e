using Qmtl.WorldService.Evaluation.Augmentation;
using Qmtl.WorldService.Evaluation.Sourcing;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>Where the metrics of a strategy came from.</summary>
/// <param name="Source">request, series, risk_hub:{version}, run:{id}, or none.</param>
/// <param name="Baseline">The backtest run that ratios compare with; null without one.</param>
internal sealed record MetricOrigin(string Source, string? Baseline)
{
    /// <summary>The source of a strategy that nothing is known of.</summary>
    public const string Nothing = "none";
}

/// <summary>What an evaluation found, before anything of it is stored.</summary>
/// <param name="States">The states the evaluation started from.</param>
/// <param name="Measured">What the request, or a series of what really ran, says anew.</param>
/// <param name="Metrics">The metrics that every strategy was judged by.</param>
/// <param name="Origins">Where they came from, of the strategies the evaluation is about.</param>
/// <param name="Portfolio">Measures of the selected strategies together, where all their series are known.</param>
internal sealed record Judgement(
    PolicyOutcome Outcome,
    IReadOnlyDictionary<string, StrategyState> States,
    IReadOnlyDictionary<string, Measurement> Measured,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Metrics,
    IReadOnlyDictionary<string, MetricOrigin> Origins,
    IReadOnlyDictionary<string, double> Portfolio)
{
    /// <summary>
    /// Judges the world's strategies together: those the request measured, and the others with their newest metrics, so that
    /// the best of the world are chosen and not the best of the request. A strategy that nobody ever measured takes no part.
    /// </summary>
    public static Judgement Judge(EvaluationCommand command, Preparation preparation, Cohort cohort, DateTimeOffset now)
    {
        var measuring = new Measuring(command, preparation, cohort, now);
        var previous = command.Previous.Count > 0 ? command.Previous : cohort.Active;
        var ids = cohort.Bound.Where(cohort.IsMeasured).Concat(measuring.Named).Concat(previous).Concat(command.Subjects).Distinct(StringComparer.Ordinal);
        var candidates = ids.Select(id => measuring.Of(id).ToCandidate()).ToArray();
        var active = previous.ToHashSet(StringComparer.Ordinal);
        var states = new Dictionary<string, StrategyState>(candidates.Length, StringComparer.Ordinal);
        foreach (var candidate in candidates) states[candidate.StrategyId] = StateOf(candidate.StrategyId, command, cohort, active);

        var series = preparation.Series();
        var given = command.Correlations;
        var computed = SeriesMeasures.Correlations(series).Where(pair => !given.Any(known => SamePair(known, pair)));
        var outcome = PolicyEngine.Evaluate(preparation.Policy.Document, new PolicyInputs(candidates, [.. given, .. computed], states, now) { Calendar = preparation.Policy.Calendar });
        var metrics = new Dictionary<string, IReadOnlyDictionary<string, double>>(candidates.Length, StringComparer.Ordinal);
        foreach (var candidate in candidates) metrics[candidate.StrategyId] = candidate.Metrics;
        return new Judgement(outcome, states, measuring.Measured, metrics, measuring.Origins, PortfolioMeasures.Compute(outcome.Active, series));
    }

    /// <summary>Hysteresis remembers a strategy's state; decisions say whether it is active, except where this very run has changed that before.</summary>
    private static StrategyState StateOf(string strategyId, EvaluationCommand command, Cohort cohort, HashSet<string> active)
    {
        if (!cohort.Selection.TryGetValue(strategyId, out var row)) return StrategyState.New with { Active = active.Contains(strategyId) };
        var repeats = command.Previous.Count == 0 && string.Equals(row.RunId, command.RunId, StringComparison.Ordinal);
        return row.Before(command.RunId) with { Active = repeats ? row.PriorActive : active.Contains(strategyId) };
    }

    private static bool SamePair(PairCorrelation a, PairCorrelation b) =>
        (string.Equals(a.First, b.First, StringComparison.Ordinal) && string.Equals(a.Second, b.Second, StringComparison.Ordinal))
        || (string.Equals(a.First, b.Second, StringComparison.Ordinal) && string.Equals(a.Second, b.First, StringComparison.Ordinal));
}
