namespace Qmtl.Messaging.Topics;

/// <summary>The topics that every deployment has. They come into being with their first message.</summary>
public static class TopicCatalog
{
    /// <summary>Entries that open and close order gates.</summary>
    public const string Activation = "activation";

    /// <summary>Gateways confirm what they processed.</summary>
    public const string ActivationAck = "control.activation.ack";

    /// <summary>Policies of worlds.</summary>
    public const string Policy = "policy";

    /// <summary>Evaluation runs.</summary>
    public const string Evaluation = "evaluation";

    /// <summary>Risk snapshots.</summary>
    public const string Risk = "risk";

    /// <summary>Rebalancing plans.</summary>
    public const string Rebalancing = "rebalancing";

    /// <summary>Queues behind tag queries.</summary>
    public const string Queue = "queue";

    /// <summary>Traffic shares of versions.</summary>
    public const string SentinelWeight = "sentinel_weight";

    /// <summary>Fills of orders.</summary>
    public const string TradeFills = "trade.fills";

    /// <summary>The commit log of submissions.</summary>
    public const string GatewayIngest = "gateway.ingest";

    /// <summary>Orders of rebalancing that were sent.</summary>
    public const string GatewayRebalance = "gateway.rebalance";

    /// <summary>What is audited, for those who keep records of their own.</summary>
    public const string Audit = "audit";

    private const int ControlPartitions = 3;

    // Submissions come in bursts, and on Postgres those of one partition wait for each other's commit.
    private const int IngestPartitions = 16;
    private static readonly TimeSpan EventRetention = TimeSpan.FromHours(24);

    private static readonly Dictionary<string, TopicSettings> ByName = new[]
    {
        Control(Activation), Control(ActivationAck), Control(Policy), Control(Evaluation), Control(Risk), Control(Rebalancing), Control(Queue), Control(SentinelWeight), Control(Audit),
        new TopicSettings(TradeFills, ControlPartitions, TimeSpan.FromDays(90)),
        new TopicSettings(GatewayRebalance, ControlPartitions, TimeSpan.FromDays(90)),
        new TopicSettings(GatewayIngest, IngestPartitions, TimeSpan.FromDays(7)) { KeepUncommitted = true },
    }.ToDictionary(topic => topic.Name, StringComparer.Ordinal);

    /// <summary>All of them, without the dead-letter topics that each has.</summary>
    public static IReadOnlyCollection<TopicSettings> All => ByName.Values;

    /// <summary>The settings of a topic of this list or of its dead-letter topic; null for any other.</summary>
    public static TopicSettings? Find(string topic)
    {
        if (ByName.TryGetValue(topic, out var settings)) return settings;
        return TopicSettings.IsDeadLetter(topic) && ByName.ContainsKey(topic[..^TopicSettings.DeadLetterSuffix.Length]) ? DeadLetter(topic) : null;
    }

    /// <summary>The settings of a topic that comes into being by itself: one of this list, or any dead-letter topic; null for any other.</summary>
    internal static TopicSettings? Settings(string topic) => Find(topic) ?? (TopicSettings.IsDeadLetter(topic) ? DeadLetter(topic) : null);

    /// <summary>Failed records stay long enough for someone to come back from a weekend.</summary>
    internal static TopicSettings DeadLetter(string topic) => new(topic, 1, TimeSpan.FromDays(14));

    private static TopicSettings Control(string name) => new(name, ControlPartitions, EventRetention) { IsControl = true };
}
