namespace Qmtl.DagManager.Queues;

/// <summary>How a topic is kept: partitions, replicas and retention follow from what its node produces.</summary>
/// <param name="Name">Class name, as it stands in the graph and in reports.</param>
/// <param name="Partitions">Partitions of the topic.</param>
/// <param name="ReplicationFactor">Copies a broker keeps of each partition.</param>
/// <param name="Retention">How long records are kept.</param>
internal sealed record TopicClass(string Name, int Partitions, int ReplicationFactor, TimeSpan Retention)
{
    /// <summary>Source data: prices, bars, ticks.</summary>
    public static TopicClass Raw { get; } = new("raw", 3, 3, TimeSpan.FromDays(7));

    /// <summary>Derived series.</summary>
    public static TopicClass Indicator { get; } = new("indicator", 1, 2, TimeSpan.FromDays(30));

    /// <summary>Orders, fills and portfolios.</summary>
    public static TopicClass TradeExecution { get; } = new("trade_exec", 1, 3, TimeSpan.FromDays(90));

    private static readonly string[] RawWords = ["stream", "input", "raw", "price", "ohlcv", "tick", "quote"];
    private static readonly string[] TradeWords = ["order", "trade", "exec", "portfolio", "fill"];

    /// <summary>The class of a node type.</summary>
    public static TopicClass Of(string nodeType)
    {
        if (TradeWords.Any(word => nodeType.Contains(word, StringComparison.OrdinalIgnoreCase))) return TradeExecution;
        return RawWords.Any(word => nodeType.Contains(word, StringComparison.OrdinalIgnoreCase)) ? Raw : Indicator;
    }
}
