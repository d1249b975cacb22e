using Qmtl.Storage;

namespace Qmtl.DagManager.Graph;

/// <summary>The graph in memory, kept at the store's heels. SQL stays the truth: this is a copy that knows how old it is.</summary>
/// <remarks>
/// It is loaded at the start and then moves from revision to revision. Changes of this process arrive with their commit, and no answer is older than those;
/// changes of other processes arrive with the next look at the store (<see cref="GraphFollower"/>), which bounds their delay by <see cref="StalenessBound"/>.
/// Whoever plans a change from it has the store check that nothing he relied on has moved since (<see cref="GraphLedger"/>).
/// </remarks>
internal sealed class GraphIndex(IDatabase database, TimeProvider time) : IDisposable
{
    /// <summary>An answer may lack what another process committed this long ago; when the store was not reached for longer, answers are marked stale.</summary>
    public static readonly TimeSpan StalenessBound = TimeSpan.FromSeconds(1);

    private readonly ReaderWriterLockSlim _lock = new();
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly SortedDictionary<long, GraphChange> _early = [];
    private GraphState _state = new();
    private long _known;
    private long _confirmedAt;
    private volatile bool _loaded;

    /// <summary>Whether it was ever read from the store.</summary>
    public bool IsLoaded => _loaded;

    /// <summary>Whether the store has not confirmed it within <see cref="StalenessBound"/>.</summary>
    public bool IsStale => !_loaded || time.GetElapsedTime(Volatile.Read(ref _confirmedAt)) > StalenessBound;

    /// <summary>A revision as messages carry it: 32 bits last for decades of a change a second, and print as a number.</summary>
    public static int ToWire(long revision) => (int)Math.Min(revision, int.MaxValue);

    /// <summary>Looks something up; nothing changes meanwhile. What is returned must not hold on to the state.</summary>
    public TResult Read<TArgument, TResult>(TArgument argument, Func<GraphState, TArgument, TResult> read)
    {
        _lock.EnterReadLock();
        try
        {
            return read(_state, argument);
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }

    /// <summary>Waits until it holds every revision that this process knows of. As a rule it does already.</summary>
    /// <exception cref="StorageException">It does not, and the store does not answer.</exception>
    public ValueTask FreshAsync(CancellationToken cancellation) => FreshAsync(0, cancellation);

    /// <summary>Waits until it holds a revision that somebody names, and every one that this process knows of.</summary>
    /// <exception cref="StorageException">It does not, and the store does not answer.</exception>
    public ValueTask FreshAsync(long revision, CancellationToken cancellation)
    {
        var wanted = Math.Max(revision, Volatile.Read(ref _known));
        return _loaded && Revision >= wanted ? ValueTask.CompletedTask : new ValueTask(CatchUpAsync(cancellation));
    }

    /// <summary>Reads from the store what happened since.</summary>
    /// <exception cref="StorageException">The store does not answer.</exception>
    public async Task CatchUpAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            var startedAt = time.GetTimestamp();
            var from = Revision;
            var change = _loaded ? await database.ReadAsync(session => GraphReader.ChangesAsync(session, from), cancellation) : null;
            if (change is not null) Write(state => Take(state, change));
            else await LoadAsync(cancellation);
            Volatile.Write(ref _confirmedAt, startedAt);
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <summary>Takes over a change that this process committed.</summary>
    public void Committed(GraphChange change)
    {
        Know(change.Revision);
        Write(state =>
        {
            if (!_loaded || change.Revision > state.Revision) _early[change.Revision] = change;
            TakeEarly(state);
        });
    }

    /// <summary>Remembers that a revision exists.</summary>
    public void Know(long revision)
    {
        for (var known = Volatile.Read(ref _known); known < revision;)
        {
            var before = Interlocked.CompareExchange(ref _known, revision, known);
            if (before == known) return;
            known = before;
        }
    }

    /// <summary>Reads nodes and contexts that the store has although no queue of theirs was ever seen here.</summary>
    public async Task LearnAsync(IReadOnlyCollection<string> nodeIds, string worldId, CancellationToken cancellation)
    {
        var (nodes, contexts) = await database.ReadAsync(
            async session => (await GraphReader.NodesAsync(session, nodeIds), await GraphReader.ContextsAsync(session, worldId)), cancellation);
        Write(state =>
        {
            foreach (var node in nodes) state.Add(node);
            foreach (var context in contexts) state.Add(context);
        });
    }

    public void Dispose()
    {
        _lock.Dispose();
        _reading.Dispose();
    }

    /// <summary>The revision that it holds.</summary>
    public long Revision => Read(0, static (state, _) => state.Revision);

    private async Task LoadAsync(CancellationToken cancellation)
    {
        var loaded = await database.ReadAsync(GraphReader.LoadAsync, cancellation);
        Write(state =>
        {
            // A store that was restored from a backup may be behind what was held: it is the truth.
            _state = loaded;
            Volatile.Write(ref _known, loaded.Revision);
            _loaded = true;
            TakeEarly(loaded);
        });
    }

    private void Take(GraphState state, GraphChange change)
    {
        if (change.Revision > state.Revision) state.Apply(change);
        Know(change.Revision);
        TakeEarly(state);
    }

    // Commits of one process may be told in another order than they were made in.
    private void TakeEarly(GraphState state)
    {
        while (_loaded && _early.Count > 0 && _early.First() is var (revision, change) && revision <= state.Revision + 1)
        {
            _early.Remove(revision);
            if (revision == state.Revision + 1) state.Apply(change);
        }
    }

    private void Write(Action<GraphState> write)
    {
        _lock.EnterWriteLock();
        try
        {
            write(_state);
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }
}
