using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>Hands each event to everybody who wants it, in one order, and remembers the latest for those who come back.</summary>
/// <remarks>
/// A subscriber that does not keep up loses the newest events, counted; it sees the gap in the sequence numbers and reads the state
/// again. Numbers start at the microsecond the gateway started, so that they grow across restarts.
/// </remarks>
internal sealed class EventHub : IDisposable
{
    /// <summary>Events one subscriber may be behind, and events remembered.</summary>
    public const int Capacity = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Channel<CloudEvent>, EventFilter> _subscribers = [];
    private readonly Queue<HubEvent> _recent = new();
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _relayed;
    private readonly Counter<long> _fanout;
    private readonly Counter<long> _dropped;
    private ulong _sequence;

    public EventHub(TimeProvider time)
    {
        _sequence = (ulong)(time.GetUtcNow().UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;
        _relayed = _meter.CreateCounter<long>("event_relay_events_total", description: "Events taken from the bus, by topic.");
        _fanout = _meter.CreateCounter<long>("event_fanout_total", description: "Events handed to subscribers, by topic.");
        _dropped = _meter.CreateCounter<long>("event_relay_dropped_total", description: "Events lost to subscribers that did not keep up, by topic.");
        _meter.CreateObservableGauge("ws_subscribers", Subscribers, description: "Subscribers, by topic.");
    }

    /// <summary>Takes an event and numbers it.</summary>
    public void Publish(string topic, CloudEvent frame)
    {
        var tag = new KeyValuePair<string, object?>("topic", topic);
        lock (_gate)
        {
            frame.SeqNo = ++_sequence;
            var item = new HubEvent(topic, frame);
            _recent.Enqueue(item);
            if (_recent.Count > Capacity) _recent.Dequeue();
            foreach (var (channel, filter) in _subscribers)
            {
                if (!filter.Wants(item)) continue;
                if (channel.Writer.TryWrite(frame)) _fanout.Add(1, tag);
                else _dropped.Add(1, tag);
            }
        }

        _relayed.Add(1, tag);
    }

    /// <summary>What is remembered after a number, as far as it is wanted, then everything that comes, until cancelled.</summary>
    /// <param name="filter">What is wanted.</param>
    /// <param name="afterSequence">Null: only what comes.</param>
    /// <param name="snapshot">Frames to begin with; they carry the number of the event before them.</param>
    /// <param name="cancellation">Ends the subscription.</param>
    public async IAsyncEnumerable<CloudEvent> SubscribeAsync(
        EventFilter filter, ulong? afterSequence, IEnumerable<CloudEvent> snapshot, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var channel = Channel.CreateBounded<CloudEvent>(new BoundedChannelOptions(Capacity) { SingleReader = true });
        CloudEvent[] missed;
        ulong now;
        lock (_gate)
        {
            missed = afterSequence is { } after ? [.. _recent.Where(item => item.Frame.SeqNo > after && filter.Wants(item)).Select(item => item.Frame)] : [];
            now = _sequence;
            _subscribers.Add(channel, filter);
        }

        try
        {
            foreach (var frame in snapshot)
            {
                frame.SeqNo = now;
                yield return frame;
            }

            foreach (var frame in missed) yield return frame;
            await foreach (var frame in channel.Reader.ReadAllAsync(cancellation)) yield return frame;
        }
        finally
        {
            lock (_gate) _subscribers.Remove(channel);
        }
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<int>> Subscribers()
    {
        EventFilter[] filters;
        lock (_gate) filters = [.. _subscribers.Values];
        return EventTopics.Relayed.Select(topic => new Measurement<int>(filters.Count(filter => filter.Topics.Contains(topic)), new KeyValuePair<string, object?>("topic", topic)));
    }
}
