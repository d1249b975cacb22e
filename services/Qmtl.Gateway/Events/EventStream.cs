using Qmtl.Gateway.Activation;
using Qmtl.Messaging.Topics;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>What one subscriber receives, whatever the transport: the state first, then what it missed, then everything as it comes. For one reader.</summary>
internal sealed class EventStream(EventSubscription subscription, TagQuery? query, ulong? after, EventSnapshots snapshots, EventHistory history, ActivationObserver observer, EventMetrics metrics, TimeProvider time)
    : IDisposable
{
    // Enough to fill a packet many times over, little enough to be told of a change of filter soon.
    private const int Batch = 256;

    private readonly List<HubEvent> _batch = new(Batch);
    private readonly HashSet<string> _sent = new(StringComparer.Ordinal);
    private readonly Dictionary<EntryKey, int> _shown = [];
    private volatile bool _isToShow = true;
    private bool _isToCatchUp = after is not null;

    /// <summary>What it wants.</summary>
    public EventFilter Filter => subscription.Filter;

    /// <summary>Wants something else from here on; the state of that comes first.</summary>
    public void Change(EventFilter filter)
    {
        subscription.Filter = filter;
        _isToShow = true;
        subscription.Wake();
    }

    /// <summary>Waits for what comes next.</summary>
    /// <returns>At least one event, in order; valid until the next call.</returns>
    public async ValueTask<IReadOnlyList<HubEvent>> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (_isToShow && await ShowAsync(cancellation) is { Count: > 0 } state) return state;
            if (_isToCatchUp && await CatchUpAsync(cancellation) is { Count: > 0 } missed) return missed;
            if (subscription.TakeLost() is > 0 and var lost) return Admit(lost);
            await subscription.ReadAsync(_batch, Batch, cancellation);
            _batch.RemoveAll(item => item == HubEvent.Nudge || (_sent.Count > 0 && _sent.Remove(item.Frame.Id)) || IsOld(item));
            if (_batch.Count > 0) return _batch;
        }
    }

    public void Dispose() => subscription.Dispose();

    private async Task<IReadOnlyList<HubEvent>> ShowAsync(CancellationToken cancellation)
    {
        _isToShow = false;
        // Who read the state before this gateway hears of changes would miss what is in between.
        await observer.Listens.WaitAsync(cancellation);
        var isTrusted = observer.MayShow(Filter);
        var state = await snapshots.ReadAsync(Filter, query, isTrusted, cancellation);
        foreach (var item in state)
        {
            item.Frame.SeqNo = after ?? subscription.Sequence;
            if (item.Entry is { } entry) _shown[entry] = Math.Max(item.EntryVersion, _shown.GetValueOrDefault(entry));
        }

        return state;
    }

    private async Task<IReadOnlyList<HubEvent>> CatchUpAsync(CancellationToken cancellation)
    {
        _isToCatchUp = false;
        var missed = await history.ReadAsync(subscription, after!.Value, cancellation);
        foreach (var item in missed) _sent.Add(item.Frame.Id);
        return [.. missed.Where(item => !IsOld(item))];
    }

    /// <summary>Whether a later state of its entry was shown: an opening from before that state must not open again.</summary>
    private bool IsOld(HubEvent item) => item.EntryVersion > 0 && item.Entry is { } entry && _shown.TryGetValue(entry, out var shown) && item.EntryVersion < shown;

    /// <summary>Says that events were lost, and has the state follow.</summary>
    private List<HubEvent> Admit(int lost)
    {
        metrics.Lagging();
        _isToShow = true;
        var frame = ActivationFrames.Frame("resync_required", new ResyncRequired { Version = 1, Reason = "lagging", Dropped = lost }, time.GetUtcNow());
        _batch.Clear();
        _batch.Add(new HubEvent(TopicCatalog.Policy, frame));
        return _batch;
    }
}

/// <summary>Opens streams.</summary>
internal sealed class EventStreams(EventHub hub, EventSnapshots snapshots, EventHistory history, ActivationObserver observer, EventMetrics metrics, EventOptions options, TimeProvider time)
{
    /// <summary>Takes a place at the hub: every event from now on will be received.</summary>
    /// <exception cref="Identity.RefusalException"><c>E_RATE_LIMIT</c>: there are as many streams as this gateway carries.</exception>
    public EventStream Open(EventFilter filter, TagQuery? query, ulong? after, string transport)
    {
        if (hub.Count >= options.MaxSubscribers)
            throw new Identity.RefusalException(Identity.ReasonCodes.RateLimit, $"This gateway carries {options.MaxSubscribers} event streams and has them; close one, or ask for more with {EventOptions.Section}:MaxSubscribers.");
        metrics.Connected(transport);
        return new EventStream(hub.Subscribe(filter, after is not null), query, after, snapshots, history, observer, metrics, time);
    }
}
