namespace Qmtl.Messaging.Kafka;

/// <summary>Section <c>Messaging:Kafka</c> of the configuration, read when <c>ConnectionStrings:kafka</c> names a broker.</summary>
public sealed class KafkaOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Messaging:Kafka";

    /// <summary>The name of the connection string: bootstrap servers, <c>host:port</c> separated by commas.</summary>
    public const string ConnectionName = "kafka";

    /// <summary>Settings of librdkafka for every client, such as <c>security.protocol</c> and <c>sasl.username</c>. What the contract of the log needs is set on top of them.</summary>
    public Dictionary<string, string> Client { get; init; } = [];

    /// <summary>How long a direct append waits for its acknowledgement before it fails. 1 to 300 seconds. The relay waits as long as it takes.</summary>
    public TimeSpan DeliveryTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The shortest session of a group member, whatever lease a reader asks for; brokers refuse less than 6 seconds unless told otherwise. 0.3 to 300 seconds.</summary>
    public TimeSpan ShortestSession { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>Whether topics that are missing are created, with their retention. Off: they are the broker's operators' matter, and only looked up.</summary>
    public bool CreateTopics { get; set; } = true;

    /// <summary>Replicas of a topic that is created; -1 is the broker's default.</summary>
    public short ReplicationFactor { get; set; } = -1;

    /// <summary>The most records of one partition that the relay has on their way at a time. 1 to 10,000.</summary>
    public int RelayBatch { get; set; } = 1000;

    /// <summary>How long the right to relay lasts without being renewed: after a crash of the owner, the others wait so long. 1 to 300 seconds.</summary>
    public TimeSpan RelayLease { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the outbox keeps what the broker has confirmed. 1 minute to 90 days.</summary>
    public TimeSpan OutboxRetention { get; set; } = TimeSpan.FromHours(1);

    /// <summary>More records than this waiting in the outbox make the health check degraded and set <c>bus_outbox_alarm</c> to 1. At least 1.</summary>
    public long OutboxAlarm { get; set; } = 100_000;

    /// <summary>The first thing wrong with these options, or null.</summary>
    internal string? Problem() =>
        Outside(DeliveryTimeout.TotalSeconds, 1, 300) ? $"Messaging:Kafka:DeliveryTimeout was {DeliveryTimeout}; it must be 1 to 300 seconds."
        : Outside(ShortestSession.TotalSeconds, 0.3, 300) ? $"Messaging:Kafka:ShortestSession was {ShortestSession}; it must be 0.3 to 300 seconds."
        : ReplicationFactor is 0 or < -1 ? $"Messaging:Kafka:ReplicationFactor was {ReplicationFactor}; it must be -1 or at least 1."
        : RelayBatch is < 1 or > 10_000 ? $"Messaging:Kafka:RelayBatch was {RelayBatch}; it must be 1 to 10000."
        : Outside(RelayLease.TotalSeconds, 1, 300) ? $"Messaging:Kafka:RelayLease was {RelayLease}; it must be 1 to 300 seconds."
        : Outside(OutboxRetention.TotalMinutes, 1, 90 * 24 * 60) ? $"Messaging:Kafka:OutboxRetention was {OutboxRetention}; it must be 1 minute to 90 days."
        : OutboxAlarm < 1 ? $"Messaging:Kafka:OutboxAlarm was {OutboxAlarm}; it must be at least 1."
        : null;

    private static bool Outside(double value, double least, double most) => value < least || value > most;
}
