using Qmtl.V1;

namespace Qmtl.Gateway.Activation;

/// <summary>Where activation goes once it is in order. Called in turn, for one world at a time and in the order in which it counts.</summary>
internal interface IActivationSink
{
    /// <summary>Closes every copy of a world; of every world where it is empty.</summary>
    void Close(string worldId);

    /// <summary>Hands on an event.</summary>
    void Relay(ActivationEvent item);

    /// <summary>Hands on the state of a world.</summary>
    void Show(ListActivationsResponse state);
}

/// <summary>A world whose state has to be read, and up to which event that reading must reach.</summary>
internal readonly record struct ResyncDue(string WorldId, long Version);

/// <summary>The worlds of this gateway. What an event leads to is handed on under one lock: an opening read before a freeze must not arrive behind it.</summary>
internal sealed class ActivationSequencer(IActivationSink sink, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, WorldOrder> _worlds = new(StringComparer.Ordinal);

    /// <summary>Worlds that stay closed until their state has been read.</summary>
    public int Held
    {
        get
        {
            lock (_gate) return _worlds.Values.Count(world => world.ResyncAt is not null);
        }
    }

    /// <summary>Continues where earlier processes ended.</summary>
    public void Restore(IEnumerable<RunProgress> runs)
    {
        lock (_gate)
        {
            foreach (var run in runs) WorldOf(run.WorldId).Restore(run.RunId, run.Next, time.GetUtcNow());
        }
    }

    /// <summary>Takes an event; what is due has been handed on when this returns.</summary>
    public Sequenced Accept(ActivationEvent item)
    {
        lock (_gate) return HandOn(item.WorldId, WorldOf(item.WorldId).Accept(item, time.GetUtcNow()));
    }

    /// <summary>Closes every copy of a world until its state has been read; of every world where the id is empty, whose followers read for themselves.</summary>
    public void Hold(string worldId)
    {
        lock (_gate)
        {
            sink.Close(worldId);
            if (worldId.Length > 0) WorldOf(worldId).Hold(time.GetUtcNow());
        }
    }

    /// <summary>Closes every copy of every world, until the states of <paramref name="followed"/> have been read.</summary>
    public void HoldAll(IEnumerable<string> followed)
    {
        lock (_gate)
        {
            sink.Close("");
            // The others have nobody here who would notice; whoever comes reads the state.
            foreach (var world in followed.Concat(_worlds.Keys).Distinct(StringComparer.Ordinal).ToArray()) WorldOf(world).Hold(time.GetUtcNow());
        }
    }

    /// <summary>The worlds whose state has to be read now.</summary>
    public IReadOnlyList<ResyncDue> Due()
    {
        var now = time.GetUtcNow();
        lock (_gate) return [.. _worlds.Where(world => world.Value.ResyncAt <= now).Select(world => new ResyncDue(world.Key, world.Value.Version))];
    }

    /// <summary>Opens again what is open in a state.</summary>
    /// <returns>Null when it was overtaken and has to be read again.</returns>
    public Sequenced? Resynced(ResyncDue due, ListActivationsResponse state)
    {
        EntryState[] entries = [.. state.Entries.Select(entry => new EntryState(new EntryKey(entry.StrategyId, entry.Side), entry.EntryVersion, entry.IsOpen()))];
        lock (_gate)
        {
            if (WorldOf(due.WorldId).Resynced(entries, due.Version, time.GetUtcNow()) is not { } outcome) return null;
            sink.Show(state);
            return HandOn(due.WorldId, outcome);
        }
    }

    private Sequenced HandOn(string worldId, Sequenced outcome)
    {
        if (outcome.Close) sink.Close(worldId);
        foreach (var item in outcome.Relay) sink.Relay(item);
        return outcome;
    }

    private WorldOrder WorldOf(string worldId)
    {
        if (!_worlds.TryGetValue(worldId, out var world)) _worlds[worldId] = world = new WorldOrder(worldId);
        return world;
    }
}
