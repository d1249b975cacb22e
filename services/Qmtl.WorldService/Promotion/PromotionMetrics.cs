using System.Diagnostics.Metrics;

namespace Qmtl.WorldService.Promotion;

/// <summary>What is counted of promotions that did not come about.</summary>
internal sealed class PromotionMetrics : IDisposable
{
    private readonly Meter _meter = new("Qmtl.WorldService");
    private readonly Counter<long> _promotionFailures;
    private readonly Counter<long> _demotionFailures;

    public PromotionMetrics()
    {
        _promotionFailures = _meter.CreateCounter<long>("promotion_fail_total", description: "Promotions to live that were asked for and did not come about, by reason.");
        _demotionFailures = _meter.CreateCounter<long>("demotion_fail_total", description: "Demotions from live whose apply did not complete, by reason.");
    }

    /// <summary>Counts one.</summary>
    /// <param name="reason">A reason code: their number is bounded.</param>
    public void PromotionFailed(string reason) => _promotionFailures.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <inheritdoc cref="PromotionFailed"/>
    public void DemotionFailed(string reason) => _demotionFailures.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Dispose() => _meter.Dispose();
}
