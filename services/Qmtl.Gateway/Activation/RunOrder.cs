namespace Qmtl.Gateway.Activation;

/// <summary>How far one run has come, and what of it came too early. Part of <see cref="WorldOrder"/>.</summary>
internal sealed class RunOrder(string runId, int next)
{
    private readonly SortedDictionary<int, ActivationEvent> _early = [];

    public string RunId => runId;

    /// <summary>The number that has to come next. It survives restarts.</summary>
    public int Next { get; private set; } = next;

    /// <summary>Whether it closed the world and has not opened it since.</summary>
    public bool Holds { get; set; }

    /// <summary>Processed in order, and to be acknowledged once its effect has been delivered.</summary>
    public ActivationEvent? Owed { get; set; }

    public DateTimeOffset TouchedAt { get; set; }

    /// <summary>Whether a number is missing.</summary>
    public bool HasGap => _early.Count > 0;

    /// <summary>Keeps an event until its turn.</summary>
    /// <returns>Whether it is news.</returns>
    public bool Keep(ActivationEvent item)
    {
        if (_early.TryAdd(item.Number, item)) return true;
        // Said again, with the entry as it stands by then: what closes wins.
        if (!item.Closes || _early[item.Number].Closes) return false;
        _early[item.Number] = item;
        return true;
    }

    /// <summary>Whether the world is known to be closed again behind a number.</summary>
    public bool ClosesAfter(int number) => _early.Any(pair => pair.Key > number && pair.Value is { Closes: true, Entry: null });

    /// <summary>The event whose turn it is, and every one that waited for it.</summary>
    public IEnumerable<(ActivationEvent Item, bool WasEarly)> Take(ActivationEvent item)
    {
        Next = item.Number + 1;
        yield return (item, false);
        while (_early.Remove(Next, out var waiting))
        {
            Next++;
            yield return (waiting, true);
        }
    }

    /// <summary>Goes on behind everything that came: a state read since contains it.</summary>
    /// <returns>The last event passed over, or null.</returns>
    public ActivationEvent? Skip()
    {
        if (_early.Count == 0) return null;
        var last = _early.Last().Value;
        Next = last.Number + 1;
        _early.Clear();
        return last;
    }
}
