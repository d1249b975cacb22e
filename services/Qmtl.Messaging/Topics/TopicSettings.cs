using System.Text.RegularExpressions;

namespace Qmtl.Messaging.Topics;

/// <summary>How a topic is kept.</summary>
/// <param name="Name">Lower-case letters, digits, <c>. _ -</c>; at most 200.</param>
/// <param name="Partitions">1 to 1,000. Fixed once the topic exists: another number would send keys elsewhere and break their order.</param>
/// <param name="Retention">Records older than this are removed.</param>
public sealed partial record TopicSettings(string Name, int Partitions, TimeSpan Retention)
{
    /// <summary>What a failed record's topic ends with.</summary>
    public const string DeadLetterSuffix = ".dlq";

    /// <summary>The most bytes of payload that a partition keeps: beyond it the oldest records go, also before their time. Null: time alone decides.</summary>
    public long? RetentionBytes { get; init; }

    /// <summary>Keep what some group has not committed, however old: for a log that nothing may be lost from.</summary>
    public bool KeepUncommitted { get; init; }

    /// <summary>Whether the topic takes only what the event catalogue registers for it.</summary>
    public bool IsControl { get; init; }

    /// <summary>Where records of <paramref name="topic"/> go that no handler could handle.</summary>
    public static string DeadLetterOf(string topic) => IsDeadLetter(topic) ? topic : topic + DeadLetterSuffix;

    /// <summary>Whether a topic holds failed records.</summary>
    public static bool IsDeadLetter(string topic) => topic.EndsWith(DeadLetterSuffix, StringComparison.Ordinal);

    /// <summary>The first thing wrong with these settings, or null.</summary>
    internal string? Problem() =>
        !NamePattern().IsMatch(Name) ? $"Topic name was '{Name}'; it must be 1 to 200 letters, digits, dots, underscores or hyphens."
        : Partitions is < 1 or > 1000 ? $"Partitions of {Name} was {Partitions}; it must be 1 to 1000."
        : Retention <= TimeSpan.Zero ? $"Retention of {Name} was {Retention}; it must be positive."
        : RetentionBytes < 1 ? $"RetentionBytes of {Name} was {RetentionBytes}; it must be positive, or null for no bound."
        : null;

    // What Kafka takes, so that every topic can move there.
    [GeneratedRegex("^[a-zA-Z0-9._-]{1,200}$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex NamePattern();
}

/// <summary>A partition of a topic.</summary>
public readonly record struct TopicPartition(string Topic, int Partition) : IComparable<TopicPartition>
{
    /// <inheritdoc/>
    public int CompareTo(TopicPartition other) =>
        string.CompareOrdinal(Topic, other.Topic) is var order and not 0 ? order : Partition.CompareTo(other.Partition);

    /// <inheritdoc/>
    public override string ToString() => $"{Topic}/{Partition}";

    /// <summary>Order by topic, then partition.</summary>
    public static bool operator <(TopicPartition left, TopicPartition right) => left.CompareTo(right) < 0;

    /// <summary>Order by topic, then partition.</summary>
    public static bool operator >(TopicPartition left, TopicPartition right) => left.CompareTo(right) > 0;

    /// <summary>Order by topic, then partition.</summary>
    public static bool operator <=(TopicPartition left, TopicPartition right) => left.CompareTo(right) <= 0;

    /// <summary>Order by topic, then partition.</summary>
    public static bool operator >=(TopicPartition left, TopicPartition right) => left.CompareTo(right) >= 0;
}

/// <summary>The topic does not exist.</summary>
public sealed class UnknownTopicException(string topic) : Exception($"Topic '{topic}' does not exist: it is neither in the catalogue nor was it created.")
{
    /// <summary>Its name.</summary>
    public string Topic { get; } = topic;
}
