using System.Globalization;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace Qmtl.Messaging.Kafka;

/// <summary>Builds the clients of one broker, all with the same addresses, security and log.</summary>
internal sealed partial class KafkaClients(string servers, KafkaOptions options, ILoggerFactory loggers)
{
    /// <summary>Room for the largest payload, its key and its headers; topics are created to take as much.</summary>
    public const int MaxMessageBytes = 2 * MessageRules.MaxPayload;

    // Readers look for new records at least so often, and a closing one is noticed so soon.
    private const int FetchWaitMs = 100;

    // How soon members hear that the group is being divided anew.
    private const int MostHeartbeatMs = 1000;

    // How long a handler may keep a partition that should go to another member.
    private static readonly TimeSpan LongestHandOver = TimeSpan.FromMinutes(5);

    private readonly ILogger _logger = loggers.CreateLogger<KafkaClients>();

    public KafkaOptions Options => options;

    /// <summary>An idempotent producer that waits for all in-sync replicas.</summary>
    /// <param name="deliveryTimeout">Null: a message is never given up, so that none can be overtaken by those behind it.</param>
    /// <param name="failed">Called when the producer can do nothing any more and another one is needed.</param>
    public IProducer<string, byte[]> NewProducer(TimeSpan? deliveryTimeout, Action<Error> failed)
    {
        var config = Common(new ProducerConfig(Settings()));
        config.Acks = Acks.All;
        config.EnableIdempotence = true;
        config.MessageTimeoutMs = deliveryTimeout is { } timeout ? (int)timeout.TotalMilliseconds : 0;
        config.LingerMs = 2;
        config.CompressionType = CompressionType.Lz4;
        config.MessageMaxBytes = MaxMessageBytes;
        return new ProducerBuilder<string, byte[]>(config)
            .SetLogHandler((_, message) => Write(message))
            .SetErrorHandler((_, error) =>
            {
                if (error.IsFatal) failed(error);
            })
            .Build();
    }

    /// <summary>A member of a group, or, with a group of its own, a reader that commits nothing.</summary>
    public ConsumerBuilder<string, byte[]> NewConsumer(string group, TimeSpan lease)
    {
        var session = (int)Math.Max(lease.TotalMilliseconds, options.ShortestSession.TotalMilliseconds);
        var config = Common(new ConsumerConfig(Settings()));
        config.GroupId = group;
        config.EnableAutoCommit = false;
        config.EnableAutoOffsetStore = false;
        // Where to begin is always said; this is for a place that retention has removed meanwhile.
        config.AutoOffsetReset = AutoOffsetReset.Earliest;
        // librdkafka before 2.2 ends the process when a cooperative member closes before its first assignment; who has a newer one may say otherwise.
        config.PartitionAssignmentStrategy ??= PartitionAssignmentStrategy.RoundRobin;
        config.SessionTimeoutMs = session;
        config.HeartbeatIntervalMs = Math.Clamp(session / 3, 100, MostHeartbeatMs);
        config.MaxPollIntervalMs = (int)Math.Max(LongestHandOver.TotalMilliseconds, session);
        config.FetchWaitMaxMs = FetchWaitMs;
        config.FetchErrorBackoffMs = FetchWaitMs;
        config.AllowAutoCreateTopics = false;
        return new ConsumerBuilder<string, byte[]>(config).SetLogHandler((_, message) => Write(message));
    }

    public IAdminClient NewAdmin() => new AdminClientBuilder(Common(new AdminClientConfig(Settings()))).SetLogHandler((_, message) => Write(message)).Build();

    private Dictionary<string, string> Settings() => new(options.Client, StringComparer.Ordinal);

    private T Common<T>(T config)
        where T : ClientConfig
    {
        config.BootstrapServers = servers;
        config.ClientId = string.Create(CultureInfo.InvariantCulture, $"qmtl-{Environment.MachineName}-{Environment.ProcessId}");
        config.SocketKeepaliveEnable = true;
        config.ReconnectBackoffMs = 100;
        config.ReconnectBackoffMaxMs = 2000;
        return config;
    }

    private void Write(LogMessage message)
    {
        var level = (LogLevel)message.LevelAs(LogLevelType.MicrosoftExtensionsLogging);
        Log.Client(_logger, level, message.Name, message.Facility, message.Message);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, Message = "{Client} {Facility}: {Text}")]
        public static partial void Client(ILogger logger, LogLevel level, string client, string facility, string text);
    }
}
