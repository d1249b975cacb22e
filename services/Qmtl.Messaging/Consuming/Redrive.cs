using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;

namespace Qmtl.Messaging.Consuming;

/// <summary>What a re-drive did.</summary>
/// <param name="Sent">Records that went back.</param>
/// <param name="Skipped">Records that do not say where they came from; they stay where they are.</param>
public sealed record RedriveResult(int Sent, int Skipped);

/// <summary>Sends records of a dead-letter topic back to where they failed, once what made them fail is mended.</summary>
public interface IRedrive
{
    /// <summary>
    /// Sends back what has not been sent back before, oldest first. Only the group that failed handles a record again. It comes after whatever was appended
    /// since, so a handler must bear late events.
    /// </summary>
    /// <param name="topic">A dead-letter topic.</param>
    /// <param name="limit">The most records; at least 1.</param>
    /// <param name="cancellationToken">Ends it between two records; what went back is remembered.</param>
    /// <exception cref="ArgumentException">The topic is not a dead-letter topic.</exception>
    Task<RedriveResult> RedriveAsync(string topic, int limit, CancellationToken cancellationToken = default);
}

/// <inheritdoc/>
internal sealed class Redrive(IMessageLog log, ITopicAdmin topics, TimeProvider clock) : IRedrive
{
    /// <summary>The group whose offsets say what went back.</summary>
    public const string Group = "qmtl-redrive";

    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    public async Task<RedriveResult> RedriveAsync(string topic, int limit, CancellationToken cancellationToken = default)
    {
        if (!TopicSettings.IsDeadLetter(topic)) throw new ArgumentException($"{topic} is not a dead-letter topic; those end with {TopicSettings.DeadLetterSuffix}.", nameof(topic));
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var left = (await topics.DescribeAsync(topic, cancellationToken)).ToDictionary(partition => partition.Partition, partition => partition.End);
        var result = new RedriveResult(0, 0);
        if (left.Count == 0) return result;

        await using var reader = await log.OpenAsync(new ConsumerOptions(topic) { Group = Group }, cancellationToken);
        await ForgetFinishedAsync(topic, left, cancellationToken);
        while (left.Count > 0 && result.Sent < limit)
        {
            var records = await PollAsync(reader, cancellationToken);
            // Another operator may be at it as well, and have sent what this one waits for.
            if (records.Count == 0) await ForgetFinishedAsync(topic, left, cancellationToken);
            foreach (var dead in records)
            {
                if (result.Sent == limit) break;
                if (!left.TryGetValue(dead.Partition, out var end)) continue;
                result = await SendAsync(reader, dead, result, cancellationToken);
                // What came in since it began is for the next time: a record that fails again must not go round.
                if (dead.Position.Offset + 1 >= end) left.Remove(dead.Partition);
            }
        }
        return result;
    }

    private async Task<IReadOnlyList<LogRecord>> PollAsync(ILogConsumer reader, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(LookAgain, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await reader.PollAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [];
        }
    }

    private async Task<RedriveResult> SendAsync(ILogConsumer reader, LogRecord dead, RedriveResult result, CancellationToken cancellationToken)
    {
        var back = DeadLetters.Back(dead);
        if (back is not null) await log.AppendAsync([back], cancellationToken);
        // After the append: a crash in between sends it a second time, under the same id.
        await reader.CommitAsync(dead.Partition, dead.Position.Offset + 1, cancellationToken);
        return back is null ? result with { Skipped = result.Skipped + 1 } : result with { Sent = result.Sent + 1 };
    }

    private async Task ForgetFinishedAsync(string topic, Dictionary<TopicPartition, long> left, CancellationToken cancellationToken)
    {
        var committed = (await topics.DescribeGroupAsync(Group, cancellationToken)).ToDictionary(state => state.Partition, state => state.Committed);
        foreach (var bounds in await topics.DescribeAsync(topic, cancellationToken))
        {
            if (left.TryGetValue(bounds.Partition, out var end) && Math.Max(committed.GetValueOrDefault(bounds.Partition), bounds.Start) >= end) left.Remove(bounds.Partition);
        }
    }
}
