namespace Qmtl.Gateway.Activation;

/// <summary>What to do after something happened, in the order of its members.</summary>
/// <param name="Close">Whether to close every copy of the world first.</param>
/// <param name="Relay">Events for the subscribers, in order.</param>
/// <param name="Progress">Runs that have come further, with the number they wait for.</param>
/// <param name="Acknowledge">Events up to which everything is processed and delivered, if that is to be said now.</param>
internal sealed record Sequenced(bool Close, IReadOnlyList<ActivationEvent> Relay, IReadOnlyList<RunProgress> Progress, IReadOnlyList<ActivationEvent> Acknowledge)
{
    public static Sequenced Nothing { get; } = new(false, [], [], []);
}

/// <summary>The number that a run waits for.</summary>
internal readonly record struct RunProgress(string WorldId, string RunId, int Next);

/// <summary>An entry as WorldService has it.</summary>
internal readonly record struct EntryState(EntryKey Entry, int Version, bool IsOpen);

/// <summary>
/// Brings the activation of one world into its order. What closes passes at once; what opens passes only in its turn, while nothing is missing and
/// nobody else holds the world. Whenever that cannot be said, the world is closed until WorldService has been asked for its state.
/// </summary>
/// <remarks>
/// A state machine without clock or I/O. Numbers order the events of one run; across runs and single changes the version of an entry does, and a
/// run that has closed the world and not opened it yet.
/// </remarks>
internal sealed class WorldOrder(string worldId)
{
    /// <summary>How long a missing event is waited for before the state is read instead.</summary>
    public static readonly TimeSpan GapTimeout = TimeSpan.FromSeconds(3);

    // A topic keeps its records for a day; nothing of an older run can come again.
    private static readonly TimeSpan Retention = TimeSpan.FromHours(25);

    private readonly Dictionary<string, RunOrder> _runs = new(StringComparer.Ordinal);
    private readonly Dictionary<EntryKey, int> _versions = [];

    /// <summary>When to read the state; null while nothing is missing. Until it has been read, nothing opens.</summary>
    public DateTimeOffset? ResyncAt { get; private set; }

    /// <summary>Changes with every event: a state that was asked for before may not contain it.</summary>
    public long Version { get; private set; }

    /// <summary>Continues where an earlier process ended.</summary>
    public void Restore(string runId, int next, DateTimeOffset now) => RunOf(runId, now, next);

    /// <summary>Takes an event.</summary>
    public Sequenced Accept(ActivationEvent item, DateTimeOffset now)
    {
        Version++;
        if (item.IsBroken) return item.Closes ? new Sequenced(false, [item], [], []) : Sequenced.Nothing;
        var isStale = IsStale(item);
        return item.IsSequenced ? AcceptNumbered(RunOf(item.RunId, now), item, isStale, now) : AcceptSingle(item, isStale, now);
    }

    /// <summary>Closes the world until its state has been read.</summary>
    public Sequenced Hold(DateTimeOffset now) => new(Mark(at: now), [], [], []);

    /// <summary>Opens again what is open in a state read from WorldService since <paramref name="version"/>; the caller hands on that state.</summary>
    /// <returns>Null when something came in between: the state may lack it, and has to be read again.</returns>
    public Sequenced? Resynced(IReadOnlyCollection<EntryState> state, long version, DateTimeOffset now)
    {
        if (ResyncAt is null || version != Version) return null;
        ResyncAt = null;
        foreach (var entry in state) Note(entry.Entry, entry.Version);
        var isOpen = state.Any(entry => entry.IsOpen);
        var (progress, acknowledge) = (new List<RunProgress>(), new List<ActivationEvent>());
        foreach (var run in _runs.Values)
        {
            // A run that holds a world holds all of it.
            if (isOpen) run.Holds = false;
            if (run.Skip() is { } last)
            {
                run.TouchedAt = now;
                run.Owed = last.EndsPhase ? last : null;
                progress.Add(new RunProgress(worldId, run.RunId, run.Next));
            }

            if (run.Owed is { } owed) acknowledge.Add(owed);
            run.Owed = null;
        }

        return new Sequenced(false, [], progress, acknowledge);
    }

    private Sequenced AcceptSingle(ActivationEvent item, bool isStale, DateTimeOffset now)
    {
        if (item.Closes) return new Sequenced(isStale && Mark(at: now), [item], [], []);
        if (ResyncAt is null && !isStale && !IsHeldBeside(null)) return new Sequenced(false, [item], [], []);
        return new Sequenced(Mark(at: now), [], [], []);
    }

    private Sequenced AcceptNumbered(RunOrder run, ActivationEvent item, bool isStale, DateTimeOffset now)
    {
        if (item.Number < run.Next) return Repeat(run, item);
        if (item.Closes && item.Entry is null) run.Holds = true;
        if (item.Number > run.Next)
        {
            var isNew = run.Keep(item);
            return new Sequenced(Mark(at: isStale ? now : now + GapTimeout), isNew && item.Closes ? [item] : [], [], []);
        }

        var relay = new List<ActivationEvent>();
        var isWithheld = isStale || ResyncAt is not null;
        var last = item;
        foreach (var (each, wasEarly) in run.Take(item))
        {
            last = each;
            isWithheld |= !TakeTurn(run, each, wasEarly, relay);
        }

        var close = isWithheld && Mark(at: _runs.Values.Any(other => other.HasGap) ? now + GapTimeout : now);
        // What it closes now opens with the state that is read.
        if (close) relay.RemoveAll(each => !each.Closes);
        return new Sequenced(close, relay, [new RunProgress(worldId, run.RunId, run.Next)], Acknowledge(run, last));
    }

    /// <summary>Hands on an event whose turn it is.</summary>
    /// <returns>Whether it took effect; false where it would have opened what may not be.</returns>
    private bool TakeTurn(RunOrder run, ActivationEvent item, bool wasEarly, List<ActivationEvent> relay)
    {
        if (item.Closes)
        {
            // What closes early has passed already.
            if (!wasEarly) relay.Add(item);
            return true;
        }

        var mayOpen = MayOpen(run);
        if (mayOpen) relay.Add(item);
        if (item.Entry is null) run.Holds = run.ClosesAfter(item.Number);
        return mayOpen;
    }

    /// <summary>Seen before: said again that it was, in case nobody heard it. The caller keeps the progress again, in case that had failed.</summary>
    private Sequenced Repeat(RunOrder run, ActivationEvent item) =>
        item.Number == run.Next - 1 ? new Sequenced(false, [], [new RunProgress(worldId, run.RunId, run.Next)], Acknowledge(run, item)) : Sequenced.Nothing;

    /// <summary>That everything is closed may be said at once; that something is open, only when it is.</summary>
    private IReadOnlyList<ActivationEvent> Acknowledge(RunOrder run, ActivationEvent last)
    {
        run.Owed = null;
        if (!last.EndsPhase) return [];
        if (last.Closes || ResyncAt is null) return [last];
        run.Owed = last;
        return [];
    }

    private bool MayOpen(RunOrder run) => ResyncAt is null && !IsHeldBeside(run);

    private bool IsHeldBeside(RunOrder? run) => _runs.Values.Any(other => other != run && other.Holds);

    /// <summary>Whether a later state of its entry was seen. Remembers its own.</summary>
    private bool IsStale(ActivationEvent item)
    {
        if (IsOlder(item)) return true;
        if (item.Entry is { } entry) Note(entry, item.EntryVersion);
        return false;
    }

    private bool IsOlder(ActivationEvent item) => item.EntryVersion > 0 && item.Entry is { } entry && _versions.TryGetValue(entry, out var seen) && item.EntryVersion < seen;

    private void Note(EntryKey entry, int version) => _versions[entry] = Math.Max(version, _versions.GetValueOrDefault(entry));

    /// <summary>Closes until the state has been read, at the latest then.</summary>
    /// <returns>Whether it was not closed so before.</returns>
    private bool Mark(DateTimeOffset at)
    {
        var isNew = ResyncAt is null;
        ResyncAt = isNew || at < ResyncAt ? at : ResyncAt;
        return isNew;
    }

    private RunOrder RunOf(string runId, DateTimeOffset now, int next = 1)
    {
        if (!_runs.TryGetValue(runId, out var run))
        {
            foreach (var old in _runs.Values.Where(old => now - old.TouchedAt > Retention).ToArray()) _runs.Remove(old.RunId);
            _runs[runId] = run = new RunOrder(runId, next);
        }

        run.TouchedAt = now;
        return run;
    }
}
