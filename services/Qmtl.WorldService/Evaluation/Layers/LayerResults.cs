using Qmtl.V1;
using Qmtl.WorldService.Policies;

namespace Qmtl.WorldService.Evaluation.Layers;

/// <summary>What the layers look at besides a strategy's own metrics.</summary>
/// <param name="Metrics">Metrics of all strategies judged together.</param>
/// <param name="Strict">Whether a missing number fails: in worlds of high tier that clients depend on.</param>
/// <param name="Baselines">The backtest run that each strategy's paper results are compared with.</param>
internal sealed record LayerInputs(
    PolicyDocument Policy,
    string Stage,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Metrics,
    bool Strict,
    IReadOnlyDictionary<string, string> Baselines);

/// <summary>Applies every layer that a policy has. A section that is absent gives no result. Pure.</summary>
internal sealed class LayerResults(LayerInputs inputs)
{
    private readonly CohortLayer? _cohort = inputs.Policy.Cohort is null ? null : CohortLayer.Of(inputs.Metrics);

    /// <summary>The results of one strategy, by name of the rule.</summary>
    public IEnumerable<KeyValuePair<string, RuleResult>> Of(string strategyId)
    {
        var policy = inputs.Policy;
        var metrics = inputs.Metrics[strategyId];
        if (policy.Cohort is { } cohort) yield return new(LayerKind.Cohort.Name, _cohort!.Judge(cohort, strategyId, inputs.Strict));
        if (policy.Portfolio is { } portfolio) yield return new(LayerKind.Portfolio.Name, StrategyLayers.Portfolio(portfolio, metrics, inputs.Strict));
        if (policy.Benchmark is { } benchmark) yield return new(LayerKind.Benchmark.Name, StrategyLayers.Benchmark(benchmark, metrics, inputs.Strict));
        if (policy.Stress is { } stress) yield return new(LayerKind.Stress.Name, StrategyLayers.Stress(stress, metrics, inputs.Strict));
        if (policy.PaperShadow is { } paper && StrategyLayers.PaperShadow(paper, inputs.Stage, metrics, inputs.Baselines.GetValueOrDefault(strategyId), inputs.Strict) is { } consistency)
        {
            yield return new(LayerKind.PaperShadow.Name, consistency);
        }

        if (policy.LiveMonitoring is { } live && inputs.Stage is "live") yield return new(LayerKind.LiveMonitoring.Name, LiveMonitoringRule.Judge(live, metrics, inputs.Strict));
    }
}
