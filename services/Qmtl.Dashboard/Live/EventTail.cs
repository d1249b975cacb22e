using Qmtl.Dashboard.Views;

namespace Qmtl.Dashboard.Live;

/// <summary>The newest events, newest first, at most <see cref="Capacity"/>.</summary>
internal sealed class EventTail
{
    /// <summary>Events kept for the page.</summary>
    public const int Capacity = 50;

    private readonly LinkedList<EventView> _events = new();
    private readonly Lock _gate = new();

    /// <summary>The events as they stand.</summary>
    public IReadOnlyList<EventView> Latest
    {
        get
        {
            lock (_gate) return [.. _events];
        }
    }

    /// <summary>Adds one; an event seen already (a reconnect resumes from the log) is ignored.</summary>
    public void Add(EventView item)
    {
        lock (_gate)
        {
            if (item.Sequence > 0 && _events.Any(known => known.Sequence == item.Sequence)) return;
            _events.AddFirst(item);
            if (_events.Count > Capacity) _events.RemoveLast();
        }
    }
}
