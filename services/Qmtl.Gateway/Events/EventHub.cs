using System.Diagnostics.Metrics;
using Qmtl.Messaging.Topics;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>Hands each event to everybody who wants it, in one order, and remembers the latest for those who come back.</summary>
/// <remarks>
/// A subscriber that does not keep up loses the newest events, counted, and is told so. The number of an event is the microsecond it was appended to
/// the log, moved on where two would be equal: so numbers mean much the same to every gateway, before and after a restart, and a subscriber may come
/// back to any of them.
/// </remarks>
internal sealed class EventHub
{
    /// <summary>Events one subscriber may be behind, events remembered, and ids by which copies are known.</summary>
    public const int Capacity = 10_000;

    private readonly Lock _gate = new();
    private readonly Queue<HubEvent> _recent = new(Capacity);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly EventMetrics _metrics;
    // Replaced, never changed: an event is handed on without copying.
    private EventSubscription[] _subscribers = [];
    private ulong _sequence;

    public EventHub(EventMetrics metrics, TimeProvider time)
    {
        _metrics = metrics;
        _sequence = Number(time.GetUtcNow());
        metrics.Observe(Subscribers);
    }

    /// <summary>How many subscribe.</summary>
    public int Count => Volatile.Read(ref _subscribers).Length;

    /// <summary>The number that a moment has.</summary>
    public static ulong Number(DateTimeOffset moment) => (ulong)Math.Max(0, (moment.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond);

    /// <summary>Takes an event and numbers it; a copy of one that is remembered is dropped.</summary>
    public void Publish(string topic, CloudEvent frame, DateTimeOffset appendedAt)
    {
        var item = new HubEvent(topic, frame);
        var (takers, losers) = (0, 0);
        lock (_gate)
        {
            if (!Remember(item))
            {
                _metrics.Duplicate(topic);
                return;
            }

            frame.SeqNo = _sequence = Math.Max(_sequence + 1, Number(appendedAt));
            foreach (var subscriber in _subscribers)
            {
                if (!subscriber.Filter.Wants(item)) continue;
                if (subscriber.TryOffer(item)) takers++;
                else losers++;
            }
        }

        _metrics.Relayed(topic, takers, losers);
    }

    /// <summary>Subscribes: from the moment this returns no event is missed. Dispose it to leave.</summary>
    /// <param name="filter">What is wanted.</param>
    /// <param name="withRecent">Whether to look up what the hub remembers.</param>
    public EventSubscription Subscribe(EventFilter filter, bool withRecent = false)
    {
        lock (_gate)
        {
            var subscription = new EventSubscription(filter, withRecent ? [.. _recent.Where(filter.Wants)] : [], _sequence, Leave);
            _subscribers = [.. _subscribers, subscription];
            return subscription;
        }
    }

    /// <summary>Worlds whose activation somebody here follows by name.</summary>
    public IReadOnlyCollection<string> FollowedWorlds() =>
        [.. Volatile.Read(ref _subscribers).Select(subscriber => subscriber.Filter).Where(filter => filter.Topics.Contains(TopicCatalog.Activation)).SelectMany(filter => filter.Worlds ?? (IEnumerable<string>)[]).Distinct(StringComparer.Ordinal)];

    private bool Remember(HubEvent item)
    {
        if (item.Frame.Id.Length > 0 && !_known.Add(item.Frame.Id)) return false;
        if (_recent.Count == Capacity) _known.Remove(_recent.Dequeue().Frame.Id);
        _recent.Enqueue(item);
        return true;
    }

    private void Leave(EventSubscription subscription)
    {
        lock (_gate) _subscribers = [.. _subscribers.Where(other => other != subscription)];
    }

    private IEnumerable<Measurement<int>> Subscribers()
    {
        var filters = Volatile.Read(ref _subscribers).Select(subscriber => subscriber.Filter).ToArray();
        return EventTopics.Relayed.Select(topic => new Measurement<int>(filters.Count(filter => filter.Topics.Contains(topic)), new KeyValuePair<string, object?>("topic", topic)));
    }
}
