using Qmtl.V1;

namespace Qmtl.Gateway.Activation;

/// <summary>An event of a two-phase apply on its way to the subscribers.</summary>
/// <param name="Update">Its payload.</param>
/// <param name="Frame">As it is relayed.</param>
/// <param name="AppendedAt">When it was appended to the log.</param>
internal sealed record SequencedEvent(ActivationUpdated Update, CloudEvent Frame, DateTimeOffset AppendedAt)
{
    public string WorldId => Update.WorldId;

    public string RunId => Update.RunId;

    public int Number => Update.Sequence!.Value;

    /// <summary>Whether it only closes: such an event does no harm out of its turn, and must not wait for it.</summary>
    public bool Closes => Update.Freeze == true || Update.Drain == true;

    /// <summary>Whether the payload is part of a sequence that has to be acknowledged.</summary>
    public static bool Is(ActivationUpdated update) => update is { RequiresAck: true, Sequence: >= 1 } && update.RunId.Length > 0;
}

/// <summary>What to do after an event came.</summary>
/// <param name="Relay">Events for the subscribers, in order.</param>
/// <param name="Acknowledge">The event up to which everything is processed, if that is to be said now; else null.</param>
internal sealed record Sequenced(IReadOnlyList<SequencedEvent> Relay, SequencedEvent? Acknowledge)
{
    public static Sequenced Nothing { get; } = new([], null);
}

/// <summary>A run some of whose events are missing.</summary>
internal sealed record SequenceGap(string WorldId, string RunId, int Next);

/// <summary>
/// Brings the events of applies into their order. What closes passes at once, what opens waits for everything before it; a phase is
/// acknowledged when its last event has been processed and none before it is missing.
/// </summary>
/// <remarks>Nothing outlives the process: after a start every run is read anew, so there is no copy that an old event could spoil.</remarks>
internal sealed class ActivationSequencer
{
    /// <summary>How long a missing event is waited for before the state is read instead.</summary>
    public static readonly TimeSpan GapTimeout = TimeSpan.FromSeconds(3);

    private const int MaxRuns = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string World, string Run), RunOrder> _runs = [];
    private readonly Queue<(string World, string Run)> _age = new();

    /// <summary>Takes an event.</summary>
    public Sequenced Accept(SequencedEvent item, DateTimeOffset now)
    {
        lock (_gate) return OrderOf(item.WorldId, item.RunId).Accept(item, now);
    }

    /// <summary>The runs that have waited for a missing event for too long.</summary>
    public IReadOnlyList<SequenceGap> Overdue(DateTimeOffset now)
    {
        lock (_gate) return [.. _runs.Where(pair => now - pair.Value.GapSince >= GapTimeout).Select(pair => new SequenceGap(pair.Key.World, pair.Key.Run, pair.Value.Next))];
    }

    /// <summary>Gives up waiting: the subscribers were told to read the state, so what is there can go on in order.</summary>
    public Sequenced Skip(SequenceGap gap, DateTimeOffset now)
    {
        lock (_gate) return _runs.TryGetValue((gap.WorldId, gap.RunId), out var order) && order.Next == gap.Next ? order.Skip(now) : Sequenced.Nothing;
    }

    private RunOrder OrderOf(string world, string run)
    {
        if (_runs.TryGetValue((world, run), out var order)) return order;
        if (_age.Count == MaxRuns) _runs.Remove(_age.Dequeue());
        _age.Enqueue((world, run));
        return _runs[(world, run)] = new RunOrder();
    }

    private sealed class RunOrder
    {
        private readonly SortedDictionary<int, SequencedEvent> _early = [];

        /// <summary>The number that has to come next.</summary>
        public int Next { get; private set; } = 1;

        /// <summary>Since when a number is missing; null while none is.</summary>
        public DateTimeOffset? GapSince { get; private set; }

        public Sequenced Accept(SequencedEvent item, DateTimeOffset now)
        {
            // Seen before: said again that it was, in case nobody heard it.
            if (item.Number < Next) return new Sequenced([], item.Number == Next - 1 && IsLast(item) ? item : null);
            if (item.Number > Next)
            {
                var isNew = _early.TryAdd(item.Number, item);
                GapSince ??= now;
                return isNew && item.Closes ? new Sequenced([item], null) : Sequenced.Nothing;
            }

            Next++;
            return Drain([item], item, now);
        }

        public Sequenced Skip(DateTimeOffset now)
        {
            if (_early.Count == 0) return Sequenced.Nothing;
            Next = _early.Keys.First();
            return Drain([], null, now);
        }

        private Sequenced Drain(List<SequencedEvent> relay, SequencedEvent? processed, DateTimeOffset now)
        {
            while (_early.Remove(Next, out var item))
            {
                // What closes has passed already.
                if (!item.Closes) relay.Add(item);
                processed = item;
                Next++;
            }

            GapSince = _early.Count > 0 ? now : null;
            return new Sequenced(relay, processed is not null && IsLast(processed) ? processed : null);
        }

        private static bool IsLast(SequencedEvent item) => item.Update.LastSequence is null || item.Number >= item.Update.LastSequence;
    }
}
