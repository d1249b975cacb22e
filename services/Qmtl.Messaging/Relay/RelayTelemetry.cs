using System.Diagnostics.Metrics;
using Qmtl.Messaging.Kafka;

namespace Qmtl.Messaging.Relay;

/// <summary>What the relay does, and what waits for it. The process that has the lease tells.</summary>
internal sealed class RelayTelemetry : IDisposable
{
    private readonly Meter _meter = new(MessagingTelemetry.Name);
    private readonly Counter<long> _published;
    private readonly Counter<long> _failed;
    private readonly TimeProvider _clock;
    private volatile State? _state;

    public RelayTelemetry(TimeProvider clock, KafkaOptions options)
    {
        _clock = clock;
        _published = _meter.CreateCounter<long>("bus_relay_published_total", null, "Records handed on from the outbox to the broker, by topic.");
        _failed = _meter.CreateCounter<long>("bus_relay_failed_total", null, "Batches that the broker did not take, by topic; they are sent again.");
        _meter.CreateObservableGauge("bus_outbox_pending", () => Tell(state => state.Pending), null, "Records in the outbox that the broker does not have yet.");
        _meter.CreateObservableGauge("bus_outbox_oldest_ms", () => Tell(state => Age(state.Oldest)), null, "Age of the oldest of them, in milliseconds.");
        _meter.CreateObservableGauge("bus_outbox_alarm", () => Tell(state => state.Pending > options.OutboxAlarm ? 1 : 0), null, "1 while more records wait in the outbox than Messaging:Kafka:OutboxAlarm allows.");
        _meter.CreateObservableGauge("bus_relay_owner", () => _state is null ? 0 : 1, null, "1 in the process that hands the outbox on.");
    }

    public void Published(string topic, int records) => _published.Add(records, new KeyValuePair<string, object?>("topic", topic));

    public void Failed(string topic) => _failed.Add(1, new KeyValuePair<string, object?>("topic", topic));

    public void Waiting(long pending, DateTimeOffset? oldest) => _state = new State(pending, oldest);

    /// <summary>Another process tells from now on.</summary>
    public void NotOwner() => _state = null;

    public void Dispose() => _meter.Dispose();

    private double Age(DateTimeOffset? oldest) => oldest is { } at ? Math.Max(0, (_clock.GetUtcNow() - at).TotalMilliseconds) : 0;

    private IEnumerable<Measurement<double>> Tell(Func<State, double> value) => _state is { } state ? [new Measurement<double>(value(state))] : [];

    private sealed record State(long Pending, DateTimeOffset? Oldest);
}
