using System.Collections.Concurrent;

namespace Qmtl.Messaging.Sql;

/// <summary>Wakes readers in this process, and tells others through <see cref="Carry"/>.</summary>
internal sealed class LogSignal
{
    /// <summary>What members of a group listen to beside their topics: somebody came, or left.</summary>
    public const string GroupPrefix = "group:";

    /// <summary>Listens to every topic.</summary>
    public const string AnyTopic = "*";

    private readonly ConcurrentDictionary<Listener, bool> _listeners = new();

    /// <summary>Called with what was raised here, to be carried to other processes.</summary>
    public Action<string>? Carry { get; set; }

    public Listener Listen(IEnumerable<string> names)
    {
        var listener = new Listener(this, names.ToHashSet(StringComparer.Ordinal));
        _listeners[listener] = true;
        return listener;
    }

    /// <summary>Something happened here.</summary>
    public void Raise(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            Wake(name);
            Carry?.Invoke(name);
        }
    }

    /// <summary>Something happened elsewhere.</summary>
    public void Wake(string name)
    {
        foreach (var listener in _listeners.Keys)
        {
            if (listener.Names.Contains(name) || (listener.Names.Contains(AnyTopic) && !name.StartsWith(GroupPrefix, StringComparison.Ordinal))) listener.Set();
        }
    }

    /// <summary>Nobody knows what happened meanwhile: everyone looks.</summary>
    public void WakeAll()
    {
        foreach (var listener in _listeners.Keys) listener.Set();
    }

    /// <summary>Remembers one wake-up until it is waited for, so that none is missed between looking and waiting.</summary>
    internal sealed class Listener(LogSignal signal, IReadOnlySet<string> names) : IDisposable
    {
        private readonly SemaphoreSlim _set = new(0, 1);

        public IReadOnlySet<string> Names => names;

        public void Set()
        {
            try
            {
                if (_set.CurrentCount == 0) _set.Release();
            }
            catch (SemaphoreFullException)
            {
                // Another thread set it in between, which is all we wanted.
            }
        }

        /// <summary>Until it is set, or the time is over.</summary>
        public async Task WaitAsync(TimeSpan longest, TimeProvider clock, CancellationToken cancellationToken)
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await using var timer = clock.CreateTimer(_ => Set(), null, longest, Timeout.InfiniteTimeSpan);
            await _set.WaitAsync(end.Token);
        }

        // The semaphore holds no handle unless someone asks for one, so a late Set finds nothing disposed.
        public void Dispose() => signal._listeners.TryRemove(this, out _);
    }
}
