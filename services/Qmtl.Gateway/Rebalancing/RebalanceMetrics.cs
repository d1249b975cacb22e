using System.Diagnostics.Metrics;

namespace Qmtl.Gateway.Rebalancing;

/// <summary>What is measured of rebalancing.</summary>
internal sealed class RebalanceMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _batches;
    private readonly Gauge<long> _size;
    private readonly Gauge<double> _ratio;
    private readonly Counter<long> _observed;
    private readonly Gauge<long> _deltas;

    public RebalanceMetrics()
    {
        _batches = _meter.CreateCounter<long>("rebalance_batches_submitted_total", description: "Sets of orders sent, by world and scope.");
        _size = _meter.CreateGauge<long>("rebalance_last_batch_size", description: "Orders in the last set, by world and scope.");
        _ratio = _meter.CreateGauge<double>("rebalance_reduce_only_ratio", description: "Share of the last set that only reduces positions, by world and scope.");
        _observed = _meter.CreateCounter<long>("rebalance_plans_observed_total", description: "Plans that were decided, by world.");
        _deltas = _meter.CreateGauge<long>("rebalance_plan_last_delta_count", description: "Trades of the last plan, by world.");
    }

    public void Sent(OrderScope scope)
    {
        KeyValuePair<string, object?>[] tags = [new("world_id", scope.WorldId), new("scope", scope.Scope)];
        _batches.Add(1, tags);
        _size.Record(scope.Orders.Count, tags);
        _ratio.Record(scope.ReduceOnlyRatio, tags);
    }

    public void Observed(string worldId, int deltas)
    {
        var tag = new KeyValuePair<string, object?>("world_id", worldId);
        _observed.Add(1, tag);
        _deltas.Record(deltas, tag);
    }

    public void Dispose() => _meter.Dispose();
}
