using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>Hands each event to everybody who wants it, in one order, and remembers the latest for those who come back.</summary>
/// <remarks>
/// A subscriber that does not keep up loses the newest events, counted; it sees the gap in the sequence numbers and reads the state
/// again. The number of an event is the microsecond it was appended to the log, moved on where two would be equal: so numbers mean
/// much the same to every gateway, before and after a restart, and a subscriber may come back to any of them.
/// </remarks>
internal sealed class EventHub : IDisposable
{
    /// <summary>Events one subscriber may be behind, and events remembered.</summary>
    public const int Capacity = 10_000;

    private readonly Lock _gate = new();
    private readonly HashSet<EventSubscription> _subscribers = [];
    private readonly Queue<HubEvent> _recent = new();
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _relayed;
    private readonly Counter<long> _fanout;
    private readonly Counter<long> _dropped;
    private ulong _sequence;

    public EventHub(TimeProvider time)
    {
        _sequence = Number(time.GetUtcNow());
        _relayed = _meter.CreateCounter<long>("event_relay_events_total", description: "Events taken from the bus, by topic.");
        _fanout = _meter.CreateCounter<long>("event_fanout_total", description: "Events handed to subscribers, by topic.");
        _dropped = _meter.CreateCounter<long>("event_relay_dropped_total", description: "Events lost to subscribers that did not keep up, by topic.");
        _meter.CreateObservableGauge("ws_subscribers", Subscribers, description: "Subscribers, by topic.");
    }

    /// <summary>The number that a moment has.</summary>
    public static ulong Number(DateTimeOffset moment) => (ulong)Math.Max(0, (moment.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond);

    /// <summary>Takes an event and numbers it.</summary>
    public void Publish(string topic, CloudEvent frame, DateTimeOffset appendedAt)
    {
        var tag = new KeyValuePair<string, object?>("topic", topic);
        lock (_gate)
        {
            frame.SeqNo = _sequence = Math.Max(_sequence + 1, Number(appendedAt));
            var item = new HubEvent(topic, frame);
            _recent.Enqueue(item);
            if (_recent.Count > Capacity) _recent.Dequeue();
            foreach (var subscriber in _subscribers.Where(subscriber => subscriber.Filter.Wants(item)))
            {
                if (subscriber.TryOffer(frame)) _fanout.Add(1, tag);
                else _dropped.Add(1, tag);
            }
        }

        _relayed.Add(1, tag);
    }

    /// <summary>Subscribes: from the moment this returns no event is missed. Dispose it to leave.</summary>
    public EventSubscription Subscribe(EventFilter filter)
    {
        lock (_gate)
        {
            var subscription = new EventSubscription(filter, [.. _recent.Where(filter.Wants)], _sequence, Leave);
            _subscribers.Add(subscription);
            return subscription;
        }
    }

    public void Dispose() => _meter.Dispose();

    private void Leave(EventSubscription subscription)
    {
        lock (_gate) _subscribers.Remove(subscription);
    }

    private IEnumerable<Measurement<int>> Subscribers()
    {
        EventFilter[] filters;
        lock (_gate) filters = [.. _subscribers.Select(subscriber => subscriber.Filter)];
        return EventTopics.Relayed.Select(topic => new Measurement<int>(filters.Count(filter => filter.Topics.Contains(topic)), new KeyValuePair<string, object?>("topic", topic)));
    }
}

/// <summary>One subscriber's place at the hub.</summary>
/// <param name="filter">What it wants.</param>
/// <param name="recent">What the hub remembered when it came, oldest first, as far as it wants it.</param>
/// <param name="sequence">The hub's latest number at that moment.</param>
/// <param name="leave">Called once it leaves.</param>
internal sealed class EventSubscription(EventFilter filter, IReadOnlyList<HubEvent> recent, ulong sequence, Action<EventSubscription> leave) : IDisposable
{
    private readonly Channel<CloudEvent> _channel = Channel.CreateBounded<CloudEvent>(new BoundedChannelOptions(EventHub.Capacity) { SingleReader = true });

    /// <summary>What it wants.</summary>
    public EventFilter Filter => filter;

    /// <summary>What the hub remembered when it came.</summary>
    public IReadOnlyList<HubEvent> Recent => recent;

    /// <summary>The number of the event before everything that comes.</summary>
    public ulong Sequence => sequence;

    /// <summary>Offers an event; false when the subscriber is too far behind.</summary>
    public bool TryOffer(CloudEvent frame) => _channel.Writer.TryWrite(frame);

    /// <summary>Everything that comes, until cancelled.</summary>
    public IAsyncEnumerable<CloudEvent> ReadAsync(CancellationToken cancellation) => _channel.Reader.ReadAllAsync(cancellation);

    public void Dispose() => leave(this);
}
