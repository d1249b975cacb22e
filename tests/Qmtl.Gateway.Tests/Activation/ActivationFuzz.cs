using Qmtl.Gateway.Activation;

namespace Qmtl.Gateway.Tests.Activation;

/// <summary>
/// One random delivery of one random truth: permuted, duplicated, with losses, restarts and states read at any moment, against a reference that
/// starts from the whole history each time.
/// </summary>
internal sealed class ActivationFuzz
{
    private readonly Random _random;
    private readonly ActivationTruth _truth;
    private readonly HashSet<int> _delivered = [];
    private readonly Dictionary<EntryKey, bool> _gates = [];
    private readonly Dictionary<EntryKey, int> _shown = [];
    private readonly Dictionary<string, int> _kept = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _acknowledged = new(StringComparer.Ordinal);
    private WorldOrder _order = new(ActivationTruth.World);
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private (long Version, int Index)? _reading;
    // The last event of the newest state that the subscriber has seen.
    private int _read = -1;
    // Where this process began to listen: nothing before that comes any more.
    private int _from;
    private bool _isLost;

    public ActivationFuzz(int seed)
    {
        _random = new Random(seed);
        _truth = new ActivationTruth(_random, steps: 1 + _random.Next(4));
        Show(_truth.StateAfter(-1));
    }

    /// <summary>Numbered and single events handed to the machine.</summary>
    public int Steps { get; private set; }

    /// <summary>Runs it.</summary>
    /// <returns>What went wrong, or null.</returns>
    public string? Run()
    {
        var losses = _random.Next(3) == 0;
        foreach (var index in Deliveries(losses))
        {
            if ((Deliver(index) ?? Meanwhile()) is { } wrong) return wrong;
        }

        // Then everything arrives: what was lost comes again, in any order.
        if (_random.Next(2) == 0 || losses)
        {
            foreach (var index in Shuffle([.. Enumerable.Range(_from, _truth.Events.Count - _from)]))
            {
                if (Deliver(index) is { } wrong) return wrong;
            }
        }

        return Settle();
    }

    private int[] Deliveries(bool losses)
    {
        var all = new List<int>();
        for (var i = 0; i < _truth.Events.Count; i++)
        {
            if (losses && _random.Next(5) == 0) continue;
            all.Add(i);
            if (_random.Next(6) == 0) all.Add(i);
        }

        // From nearly in order to not at all.
        var reach = 1 << _random.Next(6);
        return [.. all.Select(index => (index, At: index + _random.Next(reach))).OrderBy(pair => pair.At).Select(pair => pair.index)];
    }

    private string? Deliver(int index)
    {
        if (index < _from) return null;
        Steps++;
        _delivered.Add(index);
        var item = _truth.Events[index];
        Apply(_order.Accept(item, _now));
        return Check($"after {Name(index)}");
    }

    /// <summary>Time passes, a state is asked for or answered, the process ends and another begins.</summary>
    private string? Meanwhile()
    {
        if (_random.Next(3) == 0) _now += TimeSpan.FromMilliseconds(_random.Next(2_500));
        if (_random.Next(40) == 0) LoseTouch();
        if (_random.Next(2) == 0 && Read() is { } wrong) return wrong;
        if (_random.Next(60) == 0) Restart();
        return null;
    }

    private string? Read()
    {
        if (_reading is { } reading)
        {
            _reading = null;
            return Take(reading);
        }

        // WorldService has done all that was delivered, and perhaps more.
        if (_order.ResyncAt <= _now) _reading = (_order.Version, Known());
        return null;
    }

    private string? Take((long Version, int Index) reading)
    {
        var state = _truth.StateAfter(reading.Index);
        if (_order.Resynced(state, reading.Version, _now) is not { } outcome) return null;
        Show(state);
        _read = Math.Max(_read, reading.Index);
        _isLost = false;
        Apply(outcome);
        return Check($"after the state of {reading.Index}");
    }

    /// <summary>Another process with what was kept, subscribers that have read the state, and a log that goes on from here.</summary>
    private void Restart()
    {
        _reading = null;
        _order = new WorldOrder(ActivationTruth.World);
        foreach (var (run, next) in _kept) _order.Restore(run, next, _now);
        _from = _delivered.Count == 0 ? 0 : _delivered.Max() + 1;
        _isLost = false;
        _read = Known();
        Show(_truth.StateAfter(_read));
        // A new subscriber drops what is older than the state it began with; so does the stream it reads.
        foreach (var entry in _truth.StateAfter(_read)) _shown[entry.Entry] = entry.Version;
    }

    /// <summary>Something may have been missed that nobody knows of.</summary>
    private void LoseTouch()
    {
        Apply(_order.Hold(_now));
        _isLost = true;
    }

    private int Known()
    {
        var newest = _delivered.Count == 0 ? -1 : _delivered.Max();
        return _truth.EndOf(Math.Min(_truth.Events.Count - 1, Math.Max(newest, _read) + (_random.Next(2) == 0 ? _random.Next(16) : 0)));
    }

    private void Apply(Sequenced outcome)
    {
        if (outcome.Close) CloseAll();
        foreach (var item in outcome.Relay) Subscriber(item);
        foreach (var progress in outcome.Progress) _kept[progress.RunId] = Math.Max(progress.Next, _kept.GetValueOrDefault(progress.RunId));
        foreach (var item in outcome.Acknowledge) _acknowledged[item.RunId] = Math.Max(item.Number, _acknowledged.GetValueOrDefault(item.RunId));
    }

    /// <summary>A subscriber takes the last word on each entry; a word on the world only closes.</summary>
    private void Subscriber(ActivationEvent item)
    {
        if (item.Entry is not { } entry)
        {
            if (item.Closes) CloseAll();
        }
        else if (item.EntryVersion >= _shown.GetValueOrDefault(entry))
        {
            _gates[entry] = !item.Closes;
        }
    }

    private void Show(IReadOnlyList<EntryState> state)
    {
        foreach (var entry in state) _gates[entry.Entry] = entry.IsOpen;
    }

    private void CloseAll()
    {
        foreach (var entry in ActivationTruth.Entries) _gates[entry] = false;
    }

    /// <summary>Everything has arrived: soon the gates are as WorldService wants them, and every run is acknowledged.</summary>
    private string? Settle()
    {
        for (var round = 0; round < 4 && _order.ResyncAt is not null; round++)
        {
            _now += WorldOrder.GapTimeout;
            if (Take((_order.Version, _truth.Events.Count - 1)) is { } wrong) return wrong;
        }

        if (_order.ResyncAt is not null) return "the world stays closed";
        var final = _truth.StateAfter(_truth.Events.Count - 1);
        // What a dropped tail would have said, nobody can know.
        if (Enumerable.Range(_from, _truth.Events.Count - _from).Any(index => !_delivered.Contains(index) && index > _read)) return null;
        foreach (var entry in final)
        {
            if (_gates[entry.Entry] != entry.IsOpen) return $"{entry.Entry} is {(_gates[entry.Entry] ? "open" : "closed")}, WorldService says otherwise";
        }

        foreach (var (run, number) in _truth.Ends)
        {
            var isHere = Enumerable.Range(0, _truth.Events.Count).Where(index => _truth.Events[index].RunId == run).All(index => index >= _from);
            if (isHere && _acknowledged.GetValueOrDefault(run) != number) return $"{run} is acknowledged up to {_acknowledged.GetValueOrDefault(run)} of {number}";
        }

        return null;
    }

    /// <summary>
    /// The reference, from the whole history: no gate is open while something is known to be missing. Else one may be open only by a state that was
    /// read, or by an event all of whose predecessors in its run are known; and only if nothing known behind it closes that gate.
    /// </summary>
    private string? Check(string when)
    {
        if ((_isLost || Enumerable.Range(_from, _truth.Events.Count - _from).Any(index => index > _read && _delivered.Contains(index) && !PredecessorsAreKnown(index))) && _gates.ContainsValue(true))
            return $"open {when} while something is missing; delivered {string.Join(' ', _delivered.Order().Select(Name))}, read {_read}";
        foreach (var (entry, isOpen) in _gates)
        {
            if (!isOpen || IsAllowed(entry)) continue;
            return $"{entry} opened early {when}; delivered {string.Join(' ', _delivered.Order().Select(Name))}, read {_read}";
        }

        return null;
    }

    private bool IsAllowed(EntryKey entry)
    {
        for (var index = _truth.Events.Count - 1; index > _read; index--)
        {
            if (!_delivered.Contains(index)) continue;
            var item = _truth.Events[index];
            if (item.Entry is { } its && its != entry) continue;
            if (item.Closes) return false;
            if (item.Entry is not null && PredecessorsAreKnown(index)) return true;
        }

        return _truth.StateAfter(_truth.EndOf(_read)).First(state => state.Entry == entry).IsOpen;
    }

    private bool PredecessorsAreKnown(int index)
    {
        var run = _truth.Events[index].RunId;
        if (run.Length == 0) return true;
        for (var before = 0; before < index; before++)
        {
            if (_truth.Events[before].RunId == run && before > _read && !_delivered.Contains(before)) return false;
        }

        return true;
    }

    private string Name(int index) => _truth.Events[index] is { IsSequenced: true } item ? $"{index}:{item.RunId}#{item.Number}{(item.Closes ? "-" : "+")}" : $"{index}:{_truth.Events[index].Entry}";

    private int[] Shuffle(int[] items)
    {
        _random.Shuffle(items);
        return items;
    }
}
