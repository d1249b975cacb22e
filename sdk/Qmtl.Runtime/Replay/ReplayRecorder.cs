using Qmtl.Core;

namespace Qmtl.Runtime;

/// <summary>Keeps what a replay reports: fills, closed trades, refused orders, and the digest of all of it.</summary>
/// <param name="events">The digest.</param>
/// <param name="keepFills">Whether fills are listed; the digest has them in any case.</param>
internal sealed class ReplayRecorder(ReplayEvents events, bool keepFills)
{
    // A strategy without cash may be refused at every bar; the first ones say why.
    private const int MaxRejections = 1_000;

    public Journal<FillRecord> Fills { get; } = [];

    public Journal<RoundTrip> Trades { get; } = [];

    public List<Rejection> Rejections { get; } = [];

    public long RejectionCount { get; private set; }

    public long ShortTargetsHeldFlat { get; set; }

    public long PartialTargetsHeldWhole { get; set; }

    public void Target(long bar, long time, int instrument, Rate weight) => events.Target(bar, time, instrument, weight);

    public void Filled(long bar, in FillResult result)
    {
        events.Filled(bar, result.Fill);
        if (keepFills) Fills.Add(new FillRecord(bar, result.Fill));
        if (result.Closed is { } trade) Trades.Add(trade);
    }

    public void Rejected(long bar, long time, in MarketOrder order, RejectReason reason)
    {
        events.Rejected(bar, time, order, reason);
        RejectionCount++;
        if (Rejections.Count < MaxRejections) Rejections.Add(new Rejection(bar, time, order.Instrument, order.Quantity, reason));
    }
}

/// <summary>A fill and the bar it happened on.</summary>
/// <param name="Bar">Index of the bar.</param>
/// <param name="Fill">The fill.</param>
public readonly record struct FillRecord(long Bar, Fill Fill);

/// <summary>An order that was refused.</summary>
/// <param name="Bar">Index of the bar.</param>
/// <param name="Time">Nanoseconds UTC.</param>
/// <param name="Instrument">Ordinal of the instrument.</param>
/// <param name="Quantity">Signed quantity that was asked for.</param>
/// <param name="Reason">Why.</param>
public readonly record struct Rejection(long Bar, long Time, int Instrument, Quantity Quantity, RejectReason Reason);
