using Confluent.Kafka;

namespace Aspire.Confluent.Kafka;

/// <summary>Settings of a producer, sections <c>Aspire:Confluent:Kafka:Producer</c> and <c>Aspire:Confluent:Kafka:Producer:{name}</c>.</summary>
public sealed class KafkaProducerSettings
{
    public string? ConnectionString { get; set; }

    public ProducerConfig Config { get; } = new();

    public bool DisableMetrics { get; set; }

    public bool DisableHealthChecks { get; set; }

    public bool DisableTracing { get; set; }
}

/// <summary>Settings of a consumer, sections <c>Aspire:Confluent:Kafka:Consumer</c> and <c>Aspire:Confluent:Kafka:Consumer:{name}</c>.</summary>
public sealed class KafkaConsumerSettings
{
    public string? ConnectionString { get; set; }

    public ConsumerConfig Config { get; } = new();

    public bool DisableMetrics { get; set; }

    public bool DisableHealthChecks { get; set; }

    public bool DisableTracing { get; set; }
}
