namespace Qmtl.Strategies;

/// <summary>A state to go back to.</summary>
internal sealed class Checkpoint(int length)
{
    /// <summary>The last bar it has seen.</summary>
    public long After { get; set; }

    /// <summary>The first bar it has not seen.</summary>
    public long Next { get; set; }

    public byte[] State { get; } = new byte[length];
}

/// <summary>Two saved states, a stretch of time apart, from which any bar of the newer stretch can be computed again.</summary>
/// <remarks>
/// A state is saved before the first bar that lies at least <c>reach</c> behind the bar before which the last one was saved. The older of two then always
/// lies before any bar of the last <c>reach</c>, and less than twice that far back, where the bars behind it are still in the window.
/// </remarks>
internal sealed class Rewind(long reach, long window, int stateLength)
{
    private Checkpoint _older = new(stateLength);
    private Checkpoint _newer = new(stateLength);
    private int _count;

    /// <summary>Starts over with one state: there is nothing behind it.</summary>
    public void Begin(long after, ReadOnlySpan<byte> state)
    {
        _count = 0;
        Save(after, after + 1, state);
    }

    /// <summary>Looks at the state between the bars <paramref name="after"/> and <paramref name="next"/>, and saves it when it is time.</summary>
    public void Visit(long after, long next, ReadOnlySpan<byte> state)
    {
        if (_count == 0 || next - _newer.Next >= reach) Save(after, next, state);
    }

    /// <summary>The newest state before <paramref name="bucket"/> whose following bars are all still known; a newer one is forgotten.</summary>
    public bool TryFind(long bucket, long newest, out Checkpoint checkpoint)
    {
        var useOlder = _count == 2 && _newer.After >= bucket;
        checkpoint = useOlder ? _older : _newer;
        var first = Math.Min(checkpoint.Next, bucket);
        if (_count == 0 || checkpoint.After >= bucket || first <= newest - window) return false;
        checkpoint.Next = first;
        if (useOlder) (_older, _newer, _count) = (_newer, _older, 1);
        return true;
    }

    private void Save(long after, long next, ReadOnlySpan<byte> state)
    {
        (_older, _newer) = (_newer, _older);
        _newer.After = after;
        _newer.Next = next;
        state.CopyTo(_newer.State);
        _count = Math.Min(_count + 1, 2);
    }
}
