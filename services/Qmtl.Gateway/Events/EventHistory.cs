using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Events;
using Qmtl.Messaging.Log;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>What a subscriber missed, from the hub's memory and, for what was before this gateway's time, from the log itself.</summary>
internal sealed class EventHistory(IMessageLog log, ITopicAdmin topics)
{
    private const int Page = 256;

    // Two gateways may number events that came together in another order; clients drop what they know by its id.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(1);

    /// <summary>The wanted events after a number, oldest first, as far as they are kept; at most <see cref="EventHub.Capacity"/>, the latest.</summary>
    public async Task<IReadOnlyList<HubEvent>> ReadAsync(EventSubscription subscription, ulong after, CancellationToken cancellation)
    {
        var remembered = subscription.Recent.Where(item => item.Frame.SeqNo > after);
        // An event at or before that number is remembered: so is everything since.
        if (subscription.Recent is [{ } oldest, ..] && oldest.Frame.SeqNo <= after) return [.. remembered];
        if (subscription.Recent.Count == 0 && after >= subscription.Sequence) return [];

        var known = subscription.Recent.Select(item => item.Frame.Id).ToHashSet(StringComparer.Ordinal);
        var found = new List<HubEvent>();
        foreach (var topic in subscription.Filter.Topics)
        {
            foreach (var partition in await topics.DescribeAsync(topic, cancellation))
            {
                await foreach (var frame in BackwardsAsync(partition, after, cancellation))
                {
                    var item = new HubEvent(topic, frame);
                    if (!known.Contains(frame.Id) && subscription.Filter.Wants(item)) found.Add(item);
                }
            }
        }

        return [.. found.Concat(remembered).OrderBy(item => item.Frame.SeqNo).TakeLast(EventHub.Capacity)];
    }

    private async IAsyncEnumerable<CloudEvent> BackwardsAsync(
        PartitionState partition, ulong after, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var slack = (ulong)Slack.TotalMicroseconds;
        var from = after > slack ? after - slack : 0;
        var end = partition.End;
        for (var read = 0; end > partition.Start && read < EventHub.Capacity; read += Page)
        {
            var start = Math.Max(partition.Start, end - Page);
            var records = (await log.ReadAsync(partition.Partition, start, (int)(end - start), cancellation)).Where(record => record.Position.Offset < end).ToArray();
            foreach (var record in records)
            {
                if (EventHub.Number(record.At) > from && Frame(record) is { } frame) yield return frame;
            }

            if (records.Length == 0 || EventHub.Number(records[0].At) <= from) yield break;
            end = start;
        }
    }

    private static CloudEvent? Frame(LogRecord record)
    {
        try
        {
            var frame = ProtoJson.Read<CloudEvent>(CloudEventEnvelope.Parse(record.Payload.Span).ToJson());
            frame.SeqNo = EventHub.Number(record.At);
            return frame;
        }
        catch (Exception problem) when (problem is FormatException or PoisonMessageException)
        {
            // The relay has put it aside and told.
            return null;
        }
    }
}
