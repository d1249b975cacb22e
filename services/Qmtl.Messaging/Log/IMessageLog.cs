using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging.Log;

/// <summary>
/// The log: topics of partitions of records, ordered in each partition, kept for a while, read at least once. ControlBus, commit log and node topics all
/// stand on it. The database is the log, or a broker that speaks Kafka; the contract is the same.
/// </summary>
/// <remarks>
/// What belongs to a change of state is appended with its unit of work: with a broker it then goes through the outbox and is published even when the
/// broker is away just now. An append here speaks to the log itself and fails while the log cannot be reached.
/// </remarks>
public interface IMessageLog
{
    /// <summary>Appends in order. When the task completes, the records survive a crash. When it fails, none of them stands in a database; on a broker the first ones may.</summary>
    /// <exception cref="UnknownTopicException">A topic does not exist; nothing was appended.</exception>
    /// <exception cref="StorageException">The log cannot be reached, or did not answer in time.</exception>
    Task<IReadOnlyList<LogPosition>> AppendAsync(IReadOnlyList<BusMessage> messages, CancellationToken cancellationToken = default);

    /// <summary>Records of one partition from an offset on, for replay. Empty at the end.</summary>
    Task<IReadOnlyList<LogRecord>> ReadAsync(TopicPartition partition, long fromOffset, int limit, CancellationToken cancellationToken = default);

    /// <summary>Joins a group, or reads everything alone when the options name none.</summary>
    Task<ILogConsumer> OpenAsync(ConsumerOptions options, CancellationToken cancellationToken = default);
}

/// <summary>Creates and removes topics.</summary>
public interface ITopicAdmin
{
    /// <summary>Creates the topic when it does not exist. An existing topic keeps its partitions and takes the other settings.</summary>
    /// <returns>The settings in force.</returns>
    Task<TopicSettings> EnsureAsync(TopicSettings settings, CancellationToken cancellationToken = default);

    /// <summary>Removes a topic with its records and with what groups had committed.</summary>
    Task DeleteAsync(string topic, CancellationToken cancellationToken = default);

    /// <summary>The topics that exist, by name.</summary>
    Task<IReadOnlyList<TopicSettings>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>The partitions of a topic. Empty when it does not exist.</summary>
    Task<IReadOnlyList<PartitionState>> DescribeAsync(string topic, CancellationToken cancellationToken = default);

    /// <summary>The groups that have ever read, by name.</summary>
    Task<IReadOnlyList<string>> GroupsAsync(CancellationToken cancellationToken = default);

    /// <summary>How far a group is, partition by partition.</summary>
    Task<IReadOnlyList<GroupState>> DescribeGroupAsync(string group, CancellationToken cancellationToken = default);

    /// <summary>Removes records past their topic's retention; of a log on a broker, those of the outbox that were handed on.</summary>
    /// <returns>How many.</returns>
    Task<long> TrimAsync(CancellationToken cancellationToken = default);
}

/// <summary>A record as it stands in the log.</summary>
/// <param name="Position">Where.</param>
/// <param name="Key">What it is ordered by.</param>
/// <param name="Type">What the payload is.</param>
/// <param name="Headers">Beside the payload.</param>
/// <param name="Payload">The bytes.</param>
/// <param name="At">When it was appended.</param>
public sealed record LogRecord(LogPosition Position, string Key, string Type, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Payload, DateTimeOffset At)
{
    /// <summary>Its partition.</summary>
    public TopicPartition Partition => new(Position.Topic, Position.Partition);
}

/// <summary>Bounds of a partition: records from <paramref name="Start"/> to before <paramref name="End"/> exist.</summary>
public sealed record PartitionState(TopicPartition Partition, long Start, long End);

/// <summary>How far a group is in a partition.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Committed">The next record that the group wants.</param>
/// <param name="End">The next record that will be appended.</param>
/// <param name="Owner">The member that owns the partition; null when nobody does, and on a broker, which keeps that to itself.</param>
public sealed record GroupState(TopicPartition Partition, long Committed, long End, string? Owner)
{
    /// <summary>Records that wait.</summary>
    public long Lag => End - Committed;
}

/// <summary>Where a reader begins that has not committed anything.</summary>
public enum StartAt
{
    /// <summary>With the oldest record.</summary>
    Earliest,

    /// <summary>With what comes next.</summary>
    Latest,
}

/// <summary>How to read.</summary>
/// <param name="Topics">At least one; each must exist or stand in the catalogue.</param>
public sealed record ConsumerOptions(params IReadOnlyList<string> Topics)
{
    // A shorter one would spend its time renewing itself.
    private static readonly TimeSpan ShortestLease = TimeSpan.FromMilliseconds(300);

    /// <summary>Members of one group share the partitions, each record goes to one of them. Null: this reader sees every record and commits nothing.</summary>
    public string? Group { get; init; }

    /// <summary>Where to begin without a committed offset.</summary>
    public StartAt Start { get; init; } = StartAt.Earliest;

    /// <summary>How long a member that fell silent keeps its partitions.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often to look even though no signal came: the net under the signals.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The most records of one poll and partition.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>The first thing wrong with these options, or null.</summary>
    internal string? Problem() =>
        Topics.Count == 0 ? "Topics was empty; a consumer needs at least one."
        : Group is { Length: 0 } ? "Group was empty; name it, or leave it null to read alone."
        : Lease < ShortestLease ? $"Lease was {Lease}; it must be at least {ShortestLease}."
        : PollInterval <= TimeSpan.Zero ? $"PollInterval was {PollInterval}; it must be positive."
        : BatchSize is < 1 or > 10_000 ? $"BatchSize was {BatchSize}; it must be 1 to 10000."
        : null;
}

/// <summary>One reader. Poll, handle, commit, from one caller at a time; pause, resume and the rest from anywhere.</summary>
public interface ILogConsumer : IAsyncDisposable
{
    /// <summary>The partitions that this reader owns now.</summary>
    IReadOnlyCollection<TopicPartition> Assigned { get; }

    /// <summary>Waits for records of partitions that are not paused. In order in each partition.</summary>
    Task<IReadOnlyList<LogRecord>> PollAsync(CancellationToken cancellationToken = default);

    /// <summary>Whether the next record of the partition may be handled: it is ours for certain, and no other member waits for it. Ask before each effect.</summary>
    bool Owns(TopicPartition partition);

    /// <summary>Marks everything before <paramref name="nextOffset"/> as handled; also while another member waits for the partition.</summary>
    /// <exception cref="PartitionLostException">Another member owns the partition now; it will handle the records again.</exception>
    Task CommitAsync(TopicPartition partition, long nextOffset, CancellationToken cancellationToken = default);

    /// <summary>Continues with this offset.</summary>
    void Seek(TopicPartition partition, long offset);

    /// <summary>Gives no records of the partition until it is resumed; it is kept until then, even when another member should have it.</summary>
    void Pause(TopicPartition partition);

    /// <summary>Ends <see cref="Pause"/>.</summary>
    void Resume(TopicPartition partition);
}

/// <summary>The partition went to another member of the group.</summary>
public sealed class PartitionLostException(TopicPartition partition) : Exception($"{partition} belongs to another member of the group now.")
{
    /// <summary>Which.</summary>
    public TopicPartition Partition { get; } = partition;
}
