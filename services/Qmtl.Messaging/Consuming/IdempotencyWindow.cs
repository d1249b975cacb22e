namespace Qmtl.Messaging.Consuming;

/// <summary>The keys seen last. What falls out of the window is forgotten, least recently seen first.</summary>
/// <remarks>Ask before handling, remember after: a handling that failed must not count.</remarks>
public sealed class IdempotencyWindow
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Key, DateTimeOffset At)>> _keys = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Key, DateTimeOffset At)> _order = [];
    private readonly int _capacity;
    private readonly TimeSpan _lifetime;
    private readonly TimeProvider _clock;

    /// <summary>Creates a window.</summary>
    /// <param name="capacity">The most keys it holds.</param>
    /// <param name="lifetime">How long it holds a key that is not seen again; null: until it falls out.</param>
    /// <param name="clock">What time it is.</param>
    public IdempotencyWindow(int capacity = 10_000, TimeSpan? lifetime = null, TimeProvider? clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _capacity = capacity;
        _lifetime = lifetime ?? TimeSpan.MaxValue;
        _clock = clock ?? TimeProvider.System;
    }

    /// <summary>How many keys it holds.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _order.Count;
        }
    }

    /// <summary>Whether the key is in the window; if so, it counts as seen just now.</summary>
    public bool Seen(string key)
    {
        lock (_gate)
        {
            if (!_keys.TryGetValue(key, out var node)) return false;
            if (_clock.GetUtcNow() - node.Value.At < _lifetime)
            {
                Touch(node);
                return true;
            }
            Forget(node);
            return false;
        }
    }

    /// <summary>Remembers a key.</summary>
    public void Remember(string key)
    {
        lock (_gate)
        {
            if (_keys.TryGetValue(key, out var node))
            {
                Touch(node);
                return;
            }
            _keys[key] = _order.AddLast((key, _clock.GetUtcNow()));
            if (_order.Count > _capacity) Forget(_order.First!);
        }
    }

    private void Touch(LinkedListNode<(string Key, DateTimeOffset At)> node)
    {
        _order.Remove(node);
        node.Value = (node.Value.Key, _clock.GetUtcNow());
        _order.AddLast(node);
    }

    private void Forget(LinkedListNode<(string Key, DateTimeOffset At)> node)
    {
        _order.Remove(node);
        _keys.Remove(node.Value.Key);
    }
}
