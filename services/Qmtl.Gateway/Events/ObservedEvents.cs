using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>What this gateway has seen of rebalancing plans.</summary>
internal sealed class ObservedPlans : IDisposable
{
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _observed;
    private readonly ConcurrentDictionary<string, int> _deltas = new(StringComparer.Ordinal);

    public ObservedPlans()
    {
        _observed = _meter.CreateCounter<long>("rebalance_plans_observed_total", description: "Rebalancing plans seen on the bus, by world.");
        _meter.CreateObservableGauge(
            "rebalance_plan_last_delta_count", () => _deltas.Select(world => new Measurement<int>(world.Value, new KeyValuePair<string, object?>("world_id", world.Key))), description: "Position changes in the latest plan, by world.");
    }

    public void Observe(RebalancingPlanned planned)
    {
        _observed.Add(1, new KeyValuePair<string, object?>("world_id", planned.WorldId));
        _deltas[planned.WorldId] = planned.Plan is { } plan && plan.PerWorld.TryGetValue(planned.WorldId, out var part) ? part.Deltas.Count : 0;
    }

    public void Dispose() => _meter.Dispose();
}

/// <summary>The share of traffic of each version, as last announced. An announcement counts as soon as it is read.</summary>
internal sealed class SentinelTraffic : IDisposable
{
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, (double Weight, DateTimeOffset SetAt, double Skew)> _weights = new(StringComparer.Ordinal);

    public SentinelTraffic(TimeProvider time)
    {
        _time = time;
        _meter.CreateObservableGauge("gateway_sentinel_traffic_ratio", () => Measure(weight => weight.Weight), description: "Share of traffic that a version has at this gateway, 0 to 1, by sentinel.");
        _meter.CreateObservableGauge("sentinel_skew_seconds", () => Measure(weight => weight.Skew), description: "From the change of a version's weight to its effect at this gateway in seconds, by sentinel. Alert above 5 s.");
    }

    /// <summary>The weight in force; null where none was announced since this process began.</summary>
    public double? WeightOf(string sentinelId) => _weights.TryGetValue(sentinelId, out var weight) ? weight.Weight : null;

    /// <summary>Applies a weight, unless a later one is known.</summary>
    public void Observe(SentinelWeightUpdated update)
    {
        var now = _time.GetUtcNow();
        var setAt = update.Ts?.ToDateTimeOffset() ?? now;
        var weight = (Math.Clamp(update.Weight, 0, 1), setAt, Math.Max(0, (now - setAt).TotalSeconds));
        _weights.AddOrUpdate(update.SentinelId, weight, (_, known) => known.SetAt > setAt ? known : weight);
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<double>> Measure(Func<(double Weight, DateTimeOffset SetAt, double Skew), double> value) =>
        _weights.Select(sentinel => new Measurement<double>(value(sentinel.Value), new KeyValuePair<string, object?>("sentinel_id", sentinel.Key)));
}
