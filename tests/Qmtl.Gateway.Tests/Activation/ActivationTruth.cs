using Qmtl.Gateway.Activation;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Activation;

/// <summary>What a WorldService did to one world: its events in the order of its transactions, and the state after each.</summary>
/// <remarks>Independent of the machine under test: it knows only how WorldService numbers and versions what it says.</remarks>
internal sealed class ActivationTruth
{
    public const string World = "w";

    public static readonly EntryKey[] Entries = [new("a", "long"), new("a", "short"), new("b", "long")];

    private readonly List<ActivationEvent> _events = [];
    private readonly List<(int End, EntryState[] State)> _states = [];
    private readonly bool[] _open = [true, false, true];
    private readonly int[] _versions = [1, 1, 1];
    private bool _held;
    private int _runs;

    public ActivationTruth(Random random, int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            if (random.Next(4) == 0) Change(random);
            else Run(random, endsClosed: random.Next(4) == 0);
        }
    }

    /// <summary>Every event, in the order of the truth.</summary>
    public IReadOnlyList<ActivationEvent> Events => _events;

    /// <summary>The last event of the transaction that wrote an event: whoever reads after one event of it reads what all of them say.</summary>
    public int EndOf(int index) => index < 0 ? -1 : _states[index].End;

    /// <summary>The state after a transaction.</summary>
    public IReadOnlyList<EntryState> StateAfter(int index) => index < 0 ? [.. Entries.Select((entry, i) => new EntryState(entry, 1, i != 1))] : _states[index].State;

    /// <summary>The last number of each run whose end has to be acknowledged.</summary>
    public IEnumerable<(string Run, int Number)> Ends => _events.Where(item => item.IsSequenced).GroupBy(item => item.RunId, (run, items) => (run, items.Max(item => item.Number)), StringComparer.Ordinal);

    private void Change(Random random)
    {
        var entry = random.Next(Entries.Length);
        _open[entry] = random.Next(2) == 0;
        Say(entry, run: "", number: null, last: null);
        Commit();
    }

    private void Run(Random random, bool endsClosed)
    {
        var (run, number) = ($"r{++_runs}", 0);
        Phase(run, ref number, hold: true);
        for (var i = 0; i < _open.Length; i++) _open[i] ^= random.Next(3) == 0;
        if (!endsClosed) Phase(run, ref number, hold: false);
        // What was let go may be taken back.
        if (!endsClosed && random.Next(4) > 0) return;
        if (!endsClosed) Phase(run, ref number, hold: true);
        _open.AsSpan().Clear();
        _held = false;
    }

    /// <summary>A phase says of the world and of each entry how it stands: the world first where it closes, last where it opens.</summary>
    private void Phase(string run, ref int number, bool hold)
    {
        _held = hold;
        var last = number + Entries.Length + 1;
        if (hold) Say(null, run, ++number, last);
        for (var i = 0; i < Entries.Length; i++) Say(i, run, ++number, last);
        if (!hold) Say(null, run, ++number, last);
        Commit();
    }

    private void Say(int? entry, string run, int? number, int? last)
    {
        var update = new ActivationUpdated { Version = 1, WorldId = World, RunId = run, Freeze = _held, Drain = _held, RequiresAck = number is null ? null : true, Sequence = number, LastSequence = last };
        if (_held) update.Active = false;
        if (entry is { } i)
        {
            (update.StrategyId, update.Side) = (Entries[i].StrategyId, Entries[i].Side);
            update.Active = _open[i] && !_held;
            update.EntityVersion = ++_versions[i];
        }

        _events.Add(new ActivationEvent(update, new CloudEvent(), DateTimeOffset.UnixEpoch));
    }

    private void Commit()
    {
        EntryState[] state = [.. Entries.Select((key, i) => new EntryState(key, _versions[i], _open[i] && !_held))];
        var end = _events.Count - 1;
        while (_states.Count < _events.Count) _states.Add((end, state));
    }
}
