namespace Qmtl.Gateway.Tokens;

/// <summary>Ids that were used, until what they belong to has ended anyway. Of this process only.</summary>
internal sealed class ReplayWindow(TimeProvider time)
{
    // Full of ids that still count, it refuses: forgetting one would let it be used again.
    private const int Capacity = 100_000;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly PriorityQueue<string, DateTimeOffset> _ends = new();

    /// <summary>How many ids it holds.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _used.Count;
        }
    }

    /// <summary>Uses an id.</summary>
    /// <returns>False when it was used before.</returns>
    public bool TryUse(string id, DateTimeOffset until)
    {
        var now = time.GetUtcNow();
        lock (_gate)
        {
            while (_ends.TryPeek(out var ended, out var end) && end <= now)
            {
                _ends.Dequeue();
                _used.Remove(ended);
            }

            if (_used.Count == Capacity || !_used.Add(id)) return false;
            _ends.Enqueue(id, until);
            return true;
        }
    }
}
