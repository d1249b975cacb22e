using Qmtl.V1;
using Qmtl.WorldService.Evaluation.Augmentation;
using Qmtl.WorldService.Evaluation.Profiles;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation.Sourcing;

/// <summary>
/// Finds the metrics of each strategy. What the producer measured itself wins over what follows from its series, that over what the
/// risk snapshot tells, and that over what was known before.
/// </summary>
internal sealed class Measuring(EvaluationCommand command, Preparation preparation, Cohort cohort, DateTimeOffset now)
{
    private readonly HashSet<string> _subjects = command.Subjects.ToHashSet(StringComparer.Ordinal);
    private readonly Dictionary<string, Measurement> _measured = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MetricOrigin> _origins = new(StringComparer.Ordinal);
    private readonly MetricSetMaker _sets = new();
    private MetricSchema? _askedOf;
    private bool _mayAdd;

    /// <summary>Strategies that the request or a series says something about.</summary>
    public IEnumerable<string> Named => command.Metrics.Where(pair => pair.Value.Count > 0).Select(pair => pair.Key).Union(preparation.Evidence.Keys, StringComparer.Ordinal);

    /// <summary>What is new. A strategy judged by what was known before has no new measurement: it did not run again.</summary>
    public IReadOnlyDictionary<string, Measurement> Measured => _measured;

    /// <summary>Of the strategies that the evaluation is about.</summary>
    public IReadOnlyDictionary<string, MetricOrigin> Origins => _origins;

    public Measurement Of(string strategyId)
    {
        var given = command.Metrics.GetValueOrDefault(strategyId);
        var evidence = preparation.Of(strategyId);
        var known = cohort.Latest(strategyId, command.Stage);
        var isNew = given is { Count: > 0 } || evidence.Computed.Count > 0;
        var subject = _subjects.Contains(strategyId);
        if (!isNew && !subject) return known ?? Measurement.None(strategyId, command.Stage);

        var baseline = command.Stage is "backtest" ? null : cohort.At(strategyId, "backtest");
        var values = Merge(given, evidence, isNew ? null : known?.Values, baseline?.Values);
        if (subject) _origins[strategyId] = new MetricOrigin(SourceOf(given, evidence, known), baseline?.RunId);
        if (!isNew) return (known ?? Measurement.None(strategyId, command.Stage)) with { Values = values };
        return _measured[strategyId] = New(strategyId, values, evidence.Returns, known);
    }

    private Measurement New(string strategyId, MetricSet values, StrategyReturns? returns, Measurement? known)
    {
        var data = command.Data;
        var series = command.Series.GetValueOrDefault(strategyId);
        return new Measurement
        {
            StrategyId = strategyId,
            Stage = command.Stage,
            RunId = command.RunId,
            Side = series is { Side.Length: > 0 } ? series.Side : known?.Side ?? "long",
            Symbols = SymbolsOf(series, known),
            Values = values,
            DataStart = data?.DataStart?.ToDateTimeOffset() ?? returns?.Start,
            DataEnd = (data?.DataEnd ?? data?.AsOf)?.ToDateTimeOffset() ?? returns?.End,
            UpdatedAt = now,
        };
    }

    private static IReadOnlyList<string> SymbolsOf(StrategySeries? series, Measurement? known) =>
        series is { Symbols.Count: > 0 } ? [.. series.Symbols.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)] : known?.Symbols ?? [];

    private MetricSet Merge(
        IReadOnlyDictionary<string, double>? given, StrategyEvidence evidence, IReadOnlyDictionary<string, double>? known, IReadOnlyDictionary<string, double>? baseline)
    {
        var merge = new MetricMerge();
        merge.Put(known);
        merge.Put(evidence.Derived);
        merge.Put(evidence.Computed);
        merge.Put(given);
        Augment(merge, baseline);
        // Ratios and the like are ours to compute, but a producer that reports one of its own is taken at its word.
        if (merge.IsMerged) merge.Put(given);
        return _sets.Make(merge.Values);
    }

    private void Augment(MetricMerge merge, IReadOnlyDictionary<string, double>? baseline)
    {
        if (MayAdd(merge.Values))
        {
            if (merge.Values.TryGetValue("sharpe", out var sharpe) && merge.Values.TryGetValue("cv_sharpe_mean", out var folded)) merge.Set(ProfileRules.CvSharpeGap, Math.Abs(sharpe - folded));
            if (Complexity.Score(merge.Values) is { } complexity) merge.Set("strategy_complexity", complexity);
        }

        if (preparation.Benchmark is { } benchmark) benchmark.AddTo(merge.Edit());
        if (baseline is null) return;
        if (command.Stage is "paper") merge.Put(BaselineRatios.Compute(merge.Values, baseline));
        if (merge.Values.TryGetValue("live_sharpe", out var live) && baseline.TryGetValue("sharpe", out var then) && BaselineRatios.Ratio(live, then) is { } ratio)
        {
            merge.Set("live_vs_backtest_sharpe_ratio", ratio);
        }
    }

    /// <summary>False where the names alone say that there is nothing to compute; asked once for strategies that report the same names.</summary>
    private bool MayAdd(IReadOnlyDictionary<string, double> values)
    {
        if (values is not MetricSet set) return true;
        if (!ReferenceEquals(set.Schema, _askedOf)) (_askedOf, _mayAdd) = (set.Schema, set.Schema.Find("cv_sharpe_mean") >= 0 || Complexity.IsReportedIn(set));
        return _mayAdd;
    }

    private string SourceOf(IReadOnlyDictionary<string, double>? given, StrategyEvidence evidence, Measurement? known) =>
        given is { Count: > 0 } ? "request"
        : evidence.Returns is { } returns && evidence.Computed.Count > 0 ? returns.Source
        : known is not null ? "run:" + known.RunId
        : evidence.Derived.Count > 0 && preparation.Portfolio is { } portfolio ? "risk_hub:" + portfolio.Version
        : "none";
}
