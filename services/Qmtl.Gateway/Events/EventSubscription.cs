using System.Threading.Channels;

namespace Qmtl.Gateway.Events;

/// <summary>One subscriber's place at the hub: a queue of its own, and what it has lost.</summary>
internal sealed class EventSubscription : IDisposable
{
    private readonly Channel<HubEvent> _channel = Channel.CreateBounded<HubEvent>(new BoundedChannelOptions(EventHub.Capacity) { SingleReader = true });
    private readonly Action<EventSubscription> _leave;
    private volatile EventFilter _filter;
    private int _lost;

    /// <summary>Takes a place.</summary>
    /// <param name="filter">What it wants.</param>
    /// <param name="recent">What the hub remembered when it came, oldest first, as far as it wants it.</param>
    /// <param name="sequence">The hub's latest number at that moment.</param>
    /// <param name="leave">Called once it leaves.</param>
    public EventSubscription(EventFilter filter, IReadOnlyList<HubEvent> recent, ulong sequence, Action<EventSubscription> leave) => (_filter, Recent, Sequence, _leave) = (filter, recent, sequence, leave);

    /// <summary>What it wants; another one counts from the next event on.</summary>
    public EventFilter Filter
    {
        get => _filter;
        set => _filter = value;
    }

    /// <summary>What the hub remembered when it came, oldest first, as far as it wants it.</summary>
    public IReadOnlyList<HubEvent> Recent { get; }

    /// <summary>The number of the event before everything that comes.</summary>
    public ulong Sequence { get; }

    /// <summary>Offers an event; false when the subscriber is too far behind.</summary>
    public bool TryOffer(HubEvent item)
    {
        if (_channel.Writer.TryWrite(item)) return true;
        Interlocked.Increment(ref _lost);
        return false;
    }

    /// <summary>Lets a reader that waits go on; one that is behind goes on anyway.</summary>
    public void Wake() => _channel.Writer.TryWrite(HubEvent.Nudge);

    /// <summary>Waits for the next event and takes everything that is there with it, at most <paramref name="limit"/>.</summary>
    public async ValueTask ReadAsync(List<HubEvent> into, int limit, CancellationToken cancellation)
    {
        into.Clear();
        await _channel.Reader.WaitToReadAsync(cancellation);
        while (into.Count < limit && _channel.Reader.TryRead(out var item)) into.Add(item);
    }

    /// <summary>How many events were lost since the last time, once everything in the queue has been read; 0 before.</summary>
    public int TakeLost() => _channel.Reader.TryPeek(out _) ? 0 : Interlocked.Exchange(ref _lost, 0);

    public void Dispose() => _leave(this);
}
