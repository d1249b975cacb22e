namespace Qmtl.Core;

/// <summary>Cash, positions and trades of one account: the only ledger, for a backtest, a simulated venue and a live projection alike.</summary>
/// <remarks>
/// Everything is an integer. Equity = cash + the marked value of every position, kept incrementally without drift because each term is
/// exact. Nothing is allocated after construction. Not thread-safe: one account belongs to one core.
/// </remarks>
public sealed class Account
{
    private readonly Position[] _positions;
    private readonly double[] _lots;
    private readonly Price[] _marks;
    private readonly OpenTrade[] _trades;
    private Money _longValue;
    private Money _shortValue;
    private int _held;
    private int _short;

    /// <summary>An account that holds <paramref name="initialCash"/> and no position in any of <paramref name="instruments"/> instruments.</summary>
    public Account(Money initialCash, int instruments)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(instruments, 1);
        InitialCash = initialCash;
        Cash = initialCash;
        _positions = new Position[instruments];
        _lots = new double[instruments];
        _marks = new Price[instruments];
        _trades = new OpenTrade[instruments];
    }

    /// <summary>The cash at the start.</summary>
    public Money InitialCash { get; }

    /// <summary>The cash now; short sales add their proceeds.</summary>
    public Money Cash { get; private set; }

    /// <summary>All commission paid.</summary>
    public Money CommissionPaid { get; private set; }

    /// <summary>All profit realised, before commission.</summary>
    public Money RealisedProfit { get; private set; }

    /// <summary>The value of everything traded, both sides, for turnover.</summary>
    public Money TradedNotional { get; private set; }

    /// <summary>How many instruments the account can hold.</summary>
    public int Instruments => _positions.Length;

    /// <summary>How many positions are not flat.</summary>
    public int OpenPositions => _held;

    /// <summary>How many trades are open: one for every position that is not flat.</summary>
    public int OpenTrades => _held;

    /// <summary>The position in an instrument.</summary>
    public Position this[int instrument] => _positions[instrument];

    /// <summary>The signed value of all positions at their marks.</summary>
    public Money MarketValue => _longValue + _shortValue;

    /// <summary>Cash plus the signed value of all positions at their marks.</summary>
    public Money Equity => Cash + _longValue + _shortValue;

    /// <summary>The value of the long positions plus that of the short ones without its sign.</summary>
    public Money GrossValue => _longValue - _shortValue;

    /// <summary>The price an instrument was last marked at; zero before the first.</summary>
    public Price MarkOf(int instrument) => _marks[instrument];

    /// <summary>Values the position in an instrument at <paramref name="price"/> from now on.</summary>
    public void Mark(int instrument, Price price)
    {
        var position = _positions[instrument].Quantity;
        if (!position.IsZero) Revalue(position.Sign, (price * position) - (_marks[instrument] * position));
        _marks[instrument] = price;
    }

    /// <summary>Values all positions from now on, each at the price of its instrument; zero ticks where there is none.</summary>
    /// <remarks>The same as marking one after the other, with the sums built once instead of corrected for each: they are exact, so no order matters.</remarks>
    public void Mark(ReadOnlySpan<Price> prices)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(prices.Length, _marks.Length, nameof(prices));
        MarkedSum.Take(prices, _marks);
        if (MarkedSum.TryValue(_marks, _lots, shortsOnly: false, out var net) && TryShorts(out var shorts))
        {
            _shortValue = new Money(shorts);
            _longValue = new Money(net - shorts);
            return;
        }

        RevalueAll();
    }

    /// <summary>Books a fill. The instrument is marked at the fill price.</summary>
    /// <param name="fill">What was executed.</param>
    /// <param name="closed">The trade this fill closed, when the return value is true.</param>
    /// <returns>True when the fill closed a trade (and, crossing zero, may have opened the next).</returns>
    public bool Book(in Fill fill, out RoundTrip closed)
    {
        Mark(fill.Instrument, fill.Price);
        var before = _positions[fill.Instrument];
        var signed = fill.Signed;
        var after = before.After(signed, fill.Price, out var realised);
        var notional = fill.Price * signed;

        _positions[fill.Instrument] = after;
        _lots[fill.Instrument] = after.Quantity.Lots;
        _held += (after.Quantity.IsZero ? 0 : 1) - (before.Quantity.IsZero ? 0 : 1);
        _short += (after.Quantity.Lots < 0 ? 1 : 0) - (before.Quantity.Lots < 0 ? 1 : 0);
        Revalue(before.Quantity.Sign, -(fill.Price * before.Quantity));
        Revalue(after.Quantity.Sign, fill.Price * after.Quantity);
        Cash = Cash - notional - fill.Commission;
        CommissionPaid += fill.Commission;
        RealisedProfit += realised;
        TradedNotional += notional.Magnitude;
        return BookTrade(fill, before.Quantity, after.Quantity, realised, out closed);
    }

    private bool TryShorts(out Int128 value)
    {
        value = 0;
        return _short == 0 || MarkedSum.TryValue(_marks, _lots, shortsOnly: true, out value);
    }

    // Amounts that doubles cannot hold in two parts.
    private void RevalueAll()
    {
        (_longValue, _shortValue) = (Money.Zero, Money.Zero);
        for (var i = 0; i < _marks.Length; i++) Revalue(_positions[i].Quantity.Sign, _marks[i] * _positions[i].Quantity);
    }

    private void Revalue(int sign, Money change)
    {
        if (sign > 0) _longValue += change;
        else _shortValue += change;
    }

    private bool BookTrade(in Fill fill, Quantity before, Quantity after, Money realised, out RoundTrip closed)
    {
        ref var trade = ref _trades[fill.Instrument];
        closed = default;
        var crosses = before.Sign * after.Sign < 0;
        var closes = !before.IsZero && (after.IsZero || crosses);

        // A fill that crosses zero pays for two trades: its commission is shared by quantity.
        var closingCommission = crosses
            ? new Money(FixedPoint.MultiplyDivide(fill.Commission.Parts, before.Magnitude.Lots, fill.Quantity.Lots))
            : fill.Commission;

        if (closes)
        {
            closed = new RoundTrip(
                fill.Instrument, before.Sign > 0 ? Side.Buy : Side.Sell, trade.OpenedAt, fill.Time, trade.Opened, trade.EntryNotional,
                trade.Commission + closingCommission, trade.Realised + realised);
            trade = default;
            if (!crosses) return true;
        }

        var opened = crosses ? after.Magnitude : fill.Quantity;
        if (before.IsZero || crosses) trade.OpenedAt = fill.Time;
        if (before.IsZero || crosses || before.Sign == fill.Signed.Sign)
        {
            trade.Opened += opened;
            trade.EntryNotional += fill.Price * opened;
        }

        trade.Commission += crosses ? fill.Commission - closingCommission : fill.Commission;
        if (!crosses) trade.Realised += realised;
        return closes;
    }

    private struct OpenTrade
    {
        public long OpenedAt;
        public Quantity Opened;
        public Money EntryNotional;
        public Money Commission;
        public Money Realised;
    }
}
