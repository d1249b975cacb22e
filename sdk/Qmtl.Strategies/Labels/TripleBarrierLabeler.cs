namespace Qmtl.Strategies;

/// <summary>Follows entries until a barrier or the end of their time, and says what became of each: bar by bar, a label only once it is known.</summary>
/// <param name="barrier">The barriers of an entry.</param>
/// <param name="horizon">How long an entry may last.</param>
/// <param name="side">Which way the entries go.</param>
/// <param name="costModelId">The cost model a user of the labels has to assume; recorded in each.</param>
/// <param name="slippageModelId">The slippage model a user of the labels has to assume; recorded in each.</param>
/// <exception cref="Identity.RefusalException">A distance or the horizon is out of range.</exception>
public sealed class TripleBarrierLabeler(
    BarrierSpec barrier, HorizonSpec horizon, LabelSide side = LabelSide.Long, string costModelId = "none", string slippageModelId = "none")
{
    private const string Node = "triple_barrier";
    private const long NanosecondsPerTick = 100;

    private readonly BarrierSpec _barrier = barrier.Checked(Node);
    private readonly HorizonSpec _horizon = horizon.Checked(Node);
    private readonly List<Entry> _open = [];
    private long _last = long.MinValue;

    /// <summary>Entries that are not resolved yet.</summary>
    public int Open => _open.Count;

    /// <summary>Labels every entry of a column of bars; entries still open at its end have no label.</summary>
    /// <param name="bars">Has close, high and low.</param>
    /// <param name="times">Of each bar, nanoseconds UTC, increasing.</param>
    /// <param name="entries">Per bar: an entry at its close where it is neither 0 nor missing.</param>
    /// <param name="scale">Per bar: what the distances of an entry there are multiplied by, such as its volatility; empty for 1.</param>
    /// <returns>In the order in which they became known.</returns>
    public IReadOnlyList<LabelEvent> Label(IColumnSource bars, ReadOnlySpan<long> times, ReadOnlySpan<double> entries, ReadOnlySpan<double> scale = default)
    {
        if (times.Length != bars.Count || entries.Length != bars.Count || (scale.Length != 0 && scale.Length != bars.Count))
            throw Refuse.Graph(Node, $"must be given as many times, entries and scales as bars: {bars.Count}, was {times.Length}, {entries.Length} and {scale.Length}");
        var close = Column(bars, "close").Span;
        var high = Column(bars, "high").Span;
        var low = Column(bars, "low").Span;
        var events = new List<LabelEvent>();
        for (var i = 0; i < bars.Count; i++)
        {
            events.AddRange(Advance(times[i], high[i], low[i], close[i]));
            var size = scale.Length == 0 ? 1 : scale[i];
            if (entries[i] is not 0 and not double.NaN && close[i] is > 0 && size > 0) Enter(times[i], close[i], size);
        }

        return events;
    }

    /// <summary>Enters at a price. Barriers and horizon are fixed now; what happens later changes neither.</summary>
    /// <param name="time">Of the bar at whose close the entry is, nanoseconds UTC; call <see cref="Advance"/> for that bar first.</param>
    /// <param name="price">Above 0.</param>
    /// <param name="scale">What the distances are multiplied by, above 0.</param>
    public void Enter(long time, double price, double scale = 1)
    {
        if (!(price > 0 && double.IsFinite(price))) throw Refuse.Graph(Node, FormattableString.Invariant($"must be entered at a price above 0, was {price}"));
        if (!(scale > 0 && double.IsFinite(scale))) throw Refuse.Graph(Node, FormattableString.Invariant($"must have a scale above 0, was {scale}"));
        if (time < _last) throw Refuse.Graph(Node, $"is entered at {time}, before the last bar it has seen, {_last}");
        var frozen = _barrier with { ProfitTarget = _barrier.ProfitTarget * scale, StopLoss = _barrier.StopLoss * scale, FrozenAt = time };
        _open.Add(new Entry(time, price, frozen, _horizon with { FrozenAt = time }, Barriers.At(price, frozen, side)));
    }

    /// <summary>Takes the next bar, and returns the labels that became known with it, in the order of their entries.</summary>
    /// <param name="time">Later than that of the bar before; nanoseconds UTC.</param>
    /// <param name="high">The highest price; a bar with a missing price only lets time pass.</param>
    /// <param name="low">The lowest price.</param>
    /// <param name="close">The last price.</param>
    public IReadOnlyList<LabelEvent> Advance(long time, double high, double low, double close)
    {
        if (time <= _last) throw Refuse.Graph(Node, $"is given a bar at {time}, not after the bar before, {_last}");
        _last = time;
        var known = new List<LabelEvent>();
        _open.RemoveAll(entry =>
        {
            entry.Bars++;
            if (Resolve(entry, time, high, low, close) is not { } label) return false;
            known.Add(label);
            return true;
        });
        return known;
    }

    private static ReadOnlyMemory<double> Column(IColumnSource bars, string name) =>
        bars.FindColumn(name) ?? throw Refuse.Graph(Node, $"needs the column {name}, but {bars.Instrument} has {string.Join(", ", bars.ColumnNames)}");

    private LabelEvent? Resolve(Entry entry, long time, double high, double low, double close)
    {
        if (double.IsNaN(high + low + close)) return null;
        var outcome = entry.Barriers.Reached(high, low);
        if (outcome == LabelOutcome.Timeout && !IsOver(entry, time)) return null;
        return new LabelEvent(
            entry.Time, time, outcome, side, entry.Price, entry.Barriers.ExitPrice(outcome, close), entry.Barrier, entry.Horizon, costModelId, slippageModelId);
    }

    private static bool IsOver(Entry entry, long time) =>
        entry.Bars >= entry.Horizon.MaxBars || (entry.Horizon.MaxDuration is { } longest && time - entry.Time >= longest.Ticks * NanosecondsPerTick);

    private sealed class Entry(long time, double price, BarrierSpec barrier, HorizonSpec horizon, Barriers barriers)
    {
        public long Time => time;

        public double Price => price;

        public BarrierSpec Barrier => barrier;

        public HorizonSpec Horizon => horizon;

        public Barriers Barriers => barriers;

        public int Bars { get; set; }
    }
}
