using System.Diagnostics.Metrics;
using Qmtl.Identity;

namespace Qmtl.Gateway.Fills;

/// <summary>What is measured of fills. Ids are labels only once they are known to be real.</summary>
internal sealed class FillMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _rejected;

    public FillMetrics()
    {
        _accepted = _meter.CreateCounter<long>("fills_accepted_total", description: "Fills kept, by world and strategy.");
        _duplicates = _meter.CreateCounter<long>("fills_duplicate_total", description: "Copies of fills that were there, by world and strategy.");
        _rejected = _meter.CreateCounter<long>("fills_rejected_total", description: "Fills refused, by reason, and by world and strategy where those are known.");
    }

    public void Accepted(string worldId, string strategyId) => _accepted.Add(1, new("world_id", worldId), new("strategy_id", strategyId));

    public void Duplicate(string worldId, string strategyId) => _duplicates.Add(1, new("world_id", worldId), new("strategy_id", strategyId));

    public void Rejected(string worldId, string strategyId, ReasonCode reason) => _rejected.Add(1, new("world_id", worldId), new("strategy_id", strategyId), new("reason", reason.Code));

    public void Dispose() => _meter.Dispose();
}
