using Google.Protobuf.WellKnownTypes;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Evaluation;

namespace Qmtl.WorldService.Rebalancing;

/// <summary>The metrics beside a plan, from each strategy's latest evaluation run. What was not measured is absent, never zero.</summary>
internal static class AlphaMetricsSource
{
    private const string Prefix = "alpha_performance.";

    /// <summary>Name in a plan, name in a run.</summary>
    private static readonly (string Name, string Metric)[] Keys =
    [
        ("sharpe", "sharpe"), ("max_drawdown", "max_dd"), ("win_ratio", "win_ratio"), ("profit_factor", "profit_factor"), ("car_mdd", "car_mdd"), ("rar_mdd", "rar_mdd"),
    ];

    /// <summary>The metrics of all strategies a plan scales.</summary>
    /// <param name="shares">World to {strategy to its share}, by which the strategies of a world are averaged; absent ones count alike.</param>
    public static async Task<AlphaMetrics> LoadAsync(
        ISession session, RebalanceOutcome outcome, IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> shares)
    {
        var measured = new SortedDictionary<(string World, string Strategy), IReadOnlyDictionary<string, double>>();
        foreach (var world in outcome.Worlds)
        {
            foreach (var strategy in world.Strategies.Keys)
            {
                if (await RunStore.FindLatestAsync(session, world.WorldId, strategy) is { } run && run.ToMessage().Metrics is { } metrics) measured[(world.WorldId, strategy)] = metrics.Values;
            }
        }

        return Build(measured, shares);
    }

    /// <summary>Lays them out; a world's value is the mean of its strategies', weighted by their shares.</summary>
    public static AlphaMetrics Build(
        IReadOnlyDictionary<(string World, string Strategy), IReadOnlyDictionary<string, double>> measured,
        IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> shares)
    {
        var message = new AlphaMetrics();
        foreach (var ((world, strategy), metrics) in measured)
        {
            var values = Select(metrics);
            if (values.Fields.Count == 0) continue;
            if (!message.PerStrategy.TryGetValue(strategy, out var worlds)) message.PerStrategy[strategy] = worlds = new Struct();
            worlds.Fields[world] = Value.ForStruct(values);
        }

        foreach (var world in measured.GroupBy(entry => entry.Key.World, StringComparer.Ordinal))
        {
            var weights = shares.GetValueOrDefault(world.Key);
            var mean = new Struct();
            foreach (var (name, metric) in Keys)
            {
                var known = world.Where(entry => entry.Value.TryGetValue(metric, out var value) && double.IsFinite(value)).ToArray();
                var total = known.Sum(entry => Weight(weights, entry.Key.Strategy));
                if (total > 0) mean.Fields[Prefix + name] = Value.ForNumber(known.Sum(entry => Weight(weights, entry.Key.Strategy) * entry.Value[metric]) / total);
            }

            if (mean.Fields.Count > 0) message.PerWorld[world.Key] = mean;
        }

        return message;
    }

    private static double Weight(IReadOnlyDictionary<string, double>? weights, string strategy) => weights is null ? 1 : weights.GetValueOrDefault(strategy);

    private static Struct Select(IReadOnlyDictionary<string, double> metrics)
    {
        var values = new Struct();
        foreach (var (name, metric) in Keys)
        {
            if (metrics.TryGetValue(metric, out var value) && double.IsFinite(value)) values.Fields[Prefix + name] = Value.ForNumber(value);
        }

        return values;
    }
}
