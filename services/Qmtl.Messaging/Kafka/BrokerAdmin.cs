using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Qmtl.Messaging.Topics;

namespace Qmtl.Messaging.Kafka;

/// <summary>Topics as the broker has them.</summary>
internal interface IBrokerAdmin
{
    /// <summary>Sees to it that the topic exists with this retention.</summary>
    /// <returns>How many partitions it has; null when it does not exist and is not ours to create.</returns>
    Task<int?> EnsureAsync(TopicSettings settings, CancellationToken cancellationToken);

    /// <summary>Removes a topic that is ours to remove.</summary>
    Task DeleteAsync(string topic, CancellationToken cancellationToken);

    /// <summary>The groups that have members or offsets.</summary>
    Task<IReadOnlyList<string>> GroupsAsync(CancellationToken cancellationToken);

    /// <summary>Whether a broker answers.</summary>
    Task PingAsync(CancellationToken cancellationToken);
}

/// <summary>Over the broker's administration. Where the broker's operators keep topics to themselves, it only looks.</summary>
internal sealed class BrokerAdmin(Func<IAdminClient> connect, KafkaOptions options) : IBrokerAdmin, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PingPatience = TimeSpan.FromSeconds(2);

    private readonly Lazy<IAdminClient> _client = new(connect);

    public async Task<int?> EnsureAsync(TopicSettings settings, CancellationToken cancellationToken)
    {
        if (!options.CreateTopics) return await PartitionsAsync(settings.Name, cancellationToken);
        try
        {
            var specification = new TopicSpecification { Name = settings.Name, NumPartitions = settings.Partitions, ReplicationFactor = options.ReplicationFactor, Configs = Configuration(settings) };
            await _client.Value.CreateTopicsAsync([specification]).WaitAsync(cancellationToken);
            return settings.Partitions;
        }
        catch (CreateTopicsException error) when (error.Results.All(result => result.Error.Code is ErrorCode.TopicAlreadyExists))
        {
            await KeepAsync(settings, cancellationToken);
            return await PartitionsAsync(settings.Name, cancellationToken);
        }
        catch (CreateTopicsException error)
        {
            throw KafkaErrors.Translate(error.Results.First(result => result.Error.IsError).Error, error);
        }
        catch (KafkaException error)
        {
            throw KafkaErrors.Translate(error);
        }
    }

    public async Task DeleteAsync(string topic, CancellationToken cancellationToken)
    {
        if (!options.CreateTopics) return;
        try
        {
            await _client.Value.DeleteTopicsAsync([topic]).WaitAsync(cancellationToken);
        }
        catch (DeleteTopicsException error) when (error.Results.All(result => result.Error.Code is ErrorCode.UnknownTopicOrPart))
        {
            // It is gone, which is all we wanted.
        }
        catch (DeleteTopicsException error)
        {
            throw KafkaErrors.Translate(error.Results.First(result => result.Error.IsError).Error, error);
        }
        catch (KafkaException error)
        {
            throw KafkaErrors.Translate(error);
        }
    }

    public Task<IReadOnlyList<string>> GroupsAsync(CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<string>>(client => [.. client.ListGroups(Patience).Select(group => group.Group).Order(StringComparer.Ordinal)], cancellationToken);

    public Task PingAsync(CancellationToken cancellationToken) => AskAsync(client => client.GetMetadata(PingPatience).Brokers.Count, cancellationToken);

    public void Dispose()
    {
        if (_client.IsValueCreated) _client.Value.Dispose();
    }

    private static Dictionary<string, string> Configuration(TopicSettings settings)
    {
        var configuration = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["cleanup.policy"] = "delete",
            ["retention.ms"] = ((long)settings.Retention.TotalMilliseconds).ToString(CultureInfo.InvariantCulture),
            ["max.message.bytes"] = KafkaClients.MaxMessageBytes.ToString(CultureInfo.InvariantCulture),
        };
        if (settings.RetentionBytes is { } bytes) configuration["retention.bytes"] = bytes.ToString(CultureInfo.InvariantCulture);
        return configuration;
    }

    /// <summary>Gives an existing topic the retention that is wanted now.</summary>
    /// <remarks>The broker replaces all of a topic's own settings at once, so those of its operators are read first and sent along.</remarks>
    private async Task KeepAsync(TopicSettings settings, CancellationToken cancellationToken)
    {
        var resource = new ConfigResource { Type = ResourceType.Topic, Name = settings.Name };
        var described = await _client.Value.DescribeConfigsAsync([resource]).WaitAsync(cancellationToken);
        var present = described.Single().Entries.Values.Where(entry => entry is { Source: ConfigSource.DynamicTopicConfig, Value: not null }).ToDictionary(entry => entry.Name, entry => entry.Value, StringComparer.Ordinal);
        var wanted = new Dictionary<string, string>(present, StringComparer.Ordinal);
        foreach (var (name, value) in Configuration(settings)) wanted[name] = value;
        if (settings.RetentionBytes is null) wanted.Remove("retention.bytes");
        if (wanted.Count == present.Count && wanted.All(each => present.TryGetValue(each.Key, out var value) && string.Equals(value, each.Value, StringComparison.Ordinal))) return;
        await _client.Value.AlterConfigsAsync(new() { [resource] = [.. wanted.Select(each => new ConfigEntry { Name = each.Key, Value = each.Value })] }).WaitAsync(cancellationToken);
    }

    private Task<int?> PartitionsAsync(string topic, CancellationToken cancellationToken) => AskAsync(
        client =>
        {
            var found = client.GetMetadata(topic, Patience).Topics.FirstOrDefault(each => string.Equals(each.Topic, topic, StringComparison.Ordinal));
            if (found is null || found.Error.Code is ErrorCode.UnknownTopicOrPart) return (int?)null;
            return found.Error.IsError ? throw KafkaErrors.Translate(found.Error) : found.Partitions.Count;
        },
        cancellationToken);

    // The client's questions block.
    private Task<T> AskAsync<T>(Func<IAdminClient, T> ask, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                return ask(_client.Value);
            }
            catch (KafkaException error)
            {
                throw KafkaErrors.Translate(error);
            }
        },
        cancellationToken);
}
