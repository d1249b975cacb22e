using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;

namespace Qmtl.Messaging;

/// <summary>Meter and activity source <c>Qmtl.Messaging</c>.</summary>
internal sealed class MessagingTelemetry : IDisposable
{
    public const string Name = "Qmtl.Messaging";
    public const string TraceParent = "traceparent";
    public const string TraceState = "tracestate";

    private static readonly ActivitySource Activities = new(Name);
    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _appended;
    private readonly Counter<long> _handled;
    private readonly Counter<long> _retried;
    private readonly Counter<long> _deadLetters;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _trimmed;
    private readonly Counter<long> _skipped;
    private readonly Counter<long> _lost;
    private readonly ConcurrentDictionary<(string Topic, string Group), double> _lag = new();
    private readonly ConcurrentDictionary<(TopicPartition Partition, string Group), (long Committed, long End)> _progress = new();

    public MessagingTelemetry()
    {
        _appended = _meter.CreateCounter<long>("bus_appended_total", null, "Records appended, by topic.");
        _handled = _meter.CreateCounter<long>("bus_handled_total", null, "Records handled, by topic and group.");
        _retried = _meter.CreateCounter<long>("bus_retry_total", null, "Handlings that failed and were tried again.");
        _deadLetters = _meter.CreateCounter<long>("bus_dlq_total", null, "Records moved to a dead-letter topic, by topic, group and reason.");
        _duplicates = _meter.CreateCounter<long>("bus_duplicate_total", null, "Events dropped because their idempotency key was seen.");
        _trimmed = _meter.CreateCounter<long>("bus_trimmed_total", null, "Records removed by retention.");
        _skipped = _meter.CreateCounter<long>("bus_skipped_total", null, "Records that retention removed before a reader came to them.");
        _lost = _meter.CreateCounter<long>("bus_partition_lost_total", null, "Partitions that another member took over while records of them were in work.");
        _meter.CreateObservableGauge("controlbus_lag_ms", () => _lag.Select(each => new Measurement<double>(each.Value, new("topic", each.Key.Topic), new("group", each.Key.Group))), null, "Age of the record that was handed out last, in milliseconds; 0 when nothing waits.");
        _meter.CreateObservableGauge("bus_group_lag", () => _progress.Select(each => new Measurement<long>(Math.Max(0, each.Value.End - each.Value.Committed), new("topic", each.Key.Partition.Topic), new("partition", each.Key.Partition.Partition), new("group", each.Key.Group))), null, "Records that a group has not committed yet, by topic and partition; the member that owns the partition tells.");
    }

    /// <summary>A group has handled everything before an offset.</summary>
    public void Committed(TopicPartition partition, string group, long next) => _progress.AddOrUpdate((partition, group), (next, next), (_, known) => (next, Math.Max(known.End, next)));

    /// <summary>A partition that is owned here ends at an offset.</summary>
    public void Ends(TopicPartition partition, string group, long end) => _progress.AddOrUpdate((partition, group), (end, end), (_, known) => (known.Committed, Math.Max(known.End, end)));

    /// <summary>Another member tells from now on.</summary>
    public void Gone(TopicPartition partition, string group) => _progress.TryRemove((partition, group), out _);

    public void Appended(string topic, int records) => _appended.Add(records, new KeyValuePair<string, object?>("topic", topic));

    public void Handled(LogRecord record, string group, TimeSpan age)
    {
        _handled.Add(1, new("topic", record.Position.Topic), new("group", group));
        _lag[(record.Position.Topic, group)] = Math.Max(0, age.TotalMilliseconds);
    }

    public void CaughtUp(IEnumerable<string> topics, string group)
    {
        foreach (var topic in topics) _lag[(topic, group)] = 0;
    }

    public void Retried(string topic, string group) => _retried.Add(1, new("topic", topic), new("group", group));

    public void DeadLettered(string topic, string group, string reason) => _deadLetters.Add(1, new("topic", topic), new("group", group), new("reason", reason));

    public void Duplicate(string topic) => _duplicates.Add(1, new KeyValuePair<string, object?>("topic", topic));

    public void Trimmed(string topic, long records) => _trimmed.Add(records, new KeyValuePair<string, object?>("topic", topic));

    public void Skipped(string topic, long records) => _skipped.Add(records, new KeyValuePair<string, object?>("topic", topic));

    public void PartitionLost(string topic, string group) => _lost.Add(1, new("topic", topic), new("group", group));

    /// <summary>The handling of a record continues the trace of who appended it.</summary>
    public static Activity? StartHandling(LogRecord record, string group)
    {
        record.Headers.TryGetValue(TraceParent, out var parent);
        record.Headers.TryGetValue(TraceState, out var state);
        // A missing or unreadable parent starts a trace of its own.
        var known = ActivityContext.TryParse(parent, state, isRemote: true, out var context);
        var activity = Activities.StartActivity($"{record.Position.Topic} process", ActivityKind.Consumer, known ? context : default);
        activity?.SetTag("messaging.system", "qmtl").SetTag("messaging.destination.name", record.Position.Topic).SetTag("messaging.consumer.group.name", group)
            .SetTag("messaging.destination.partition.id", record.Position.Partition).SetTag("messaging.message.offset", record.Position.Offset);
        return activity;
    }

    public void Dispose() => _meter.Dispose();
}
