using Qmtl.Core;

namespace Qmtl.Runtime;

/// <summary>Turns position targets into orders, and has the fill kernel execute them.</summary>
/// <remarks>
/// A reversal is two orders: one that closes, and one that opens with the equity that is there afterwards. So the exit happens even when the
/// account cannot carry the new position. With several instruments all closing orders go first, because they free the cash that the others need.
/// </remarks>
internal sealed class TargetTrader
{
    private readonly FillKernel _kernel;
    private readonly ReplayRecorder _recorder;
    private readonly SizingMode _mode;
    private readonly bool _allowShort;
    private readonly Quantity _step;
    private readonly Quantity _size;
    private readonly Rate _share;
    private readonly double[] _seen;
    private readonly Rate[] _wanted;
    private readonly bool[] _pending;

    public TargetTrader(FillKernel kernel, ReplayRecorder recorder, ReplayOptions options)
    {
        _kernel = kernel;
        _recorder = recorder;
        _mode = options.Sizing;
        _allowShort = options.AllowShort;
        _step = new Quantity(options.WholeUnits ? Quantity.LotsPerUnit : 1);
        _size = Quantity.FromDecimal(options.Size ?? 0);
        var instruments = kernel.Account.Instruments;
        _share = new Rate(Rate.PartsPerUnit / instruments);
        _seen = new double[instruments];
        _wanted = new Rate[instruments];
        _pending = new bool[instruments];
    }

    /// <summary>Whether any target waits for its execution.</summary>
    public bool HasPending { get; private set; }

    public bool IsPending(int instrument) => _pending[instrument];

    /// <summary>Takes a strategy's target; a missing one, or one that changes nothing, does nothing.</summary>
    public void Request(int instrument, double weight, long bar, long time)
    {
        // The usual bar repeats the target of the one before.
        if (weight == _seen[instrument] || double.IsNaN(weight)) return;
        _seen[instrument] = weight;
        if (!_allowShort && weight < 0)
        {
            weight = 0;
            _recorder.ShortTargetsHeldFlat++;
        }

        if (_mode != SizingMode.Target && weight is not (0 or 1 or -1))
        {
            weight = Math.Sign(weight);
            _recorder.PartialTargetsHeldWhole++;
        }

        if (!Rate.TryFromDouble(weight, out var wanted)) throw ReplayRefusal.Weight(weight, time);
        if (wanted == _wanted[instrument]) return;
        _wanted[instrument] = wanted;
        _pending[instrument] = true;
        HasPending = true;
        _recorder.Target(bar, time, instrument, wanted);
    }

    /// <summary>Executes what waits for the instruments that have a price; the others go on waiting.</summary>
    /// <param name="prices">One per instrument; zero ticks where there is no price.</param>
    /// <param name="bar">The bar.</param>
    /// <param name="time">Its time.</param>
    public void Execute(ReadOnlySpan<Price> prices, long bar, long time)
    {
        _kernel.Account.Mark(prices);
        for (var i = NextPending(0); i < prices.Length; i = NextPending(i + 1))
        {
            if (prices[i].Ticks != 0 && _kernel.Account[i].Quantity.Sign * _wanted[i].Sign <= 0) Close(i, prices[i], bar, time);
        }

        HasPending = false;
        for (var i = NextPending(0); i < prices.Length; i = NextPending(i + 1))
        {
            if (prices[i].Ticks == 0)
            {
                HasPending = true;
                continue;
            }

            _pending[i] = false;
            if (_wanted[i].Parts != 0) Adjust(i, prices[i], bar, time);
        }
    }

    /// <summary>Sells, or buys back, what is held.</summary>
    public void Close(int instrument, Price reference, long bar, long time)
    {
        var held = _kernel.Account[instrument].Quantity;
        if (!held.IsZero) Send(new MarketOrder(instrument, -held), reference, bar, time);
    }

    private int NextPending(int from) => _pending.AsSpan(from).IndexOf(true) is >= 0 and var offset ? from + offset : _pending.Length;

    private void Adjust(int instrument, Price reference, long bar, long time)
    {
        var held = _kernel.Account[instrument].Quantity;
        if (_mode != SizingMode.Target && !held.IsZero) return;
        Quantity quantity;
        try
        {
            quantity = _mode switch
            {
                SizingMode.AllIn => AllIn(instrument, reference),
                SizingMode.Fixed => _wanted[instrument].Sign < 0 ? -_size : _size,
                _ => ToWeight(instrument, reference),
            };
        }
        catch (OverflowException)
        {
            _recorder.Rejected(bar, time, new MarketOrder(instrument, Quantity.Zero), RejectReason.OutOfRange);
            return;
        }

        // Already there, to the lot: nothing to do. From flat, nothing means that the target is too small to hold.
        if (quantity.IsZero && !held.IsZero) return;
        Send(new MarketOrder(instrument, quantity), reference, bar, time);
    }

    private Quantity AllIn(int instrument, Price reference)
    {
        var side = _wanted[instrument].Sign < 0 ? Side.Sell : Side.Buy;
        var account = _kernel.Account;
        var terms = _kernel.Terms;
        var free = (account.Equity * terms.Leverage) - account.GrossValue;
        var share = account.Instruments == 1 ? account.Equity : account.Equity * _share;
        var funds = free < share ? free : share;
        var quantity = Sizing.Affordable(funds, reference.MovedAgainst(side, terms.Slippage), terms.Commission, _step);
        return side == Side.Sell ? -quantity : quantity;
    }

    private Quantity ToWeight(int instrument, Price reference)
    {
        var wanted = _wanted[instrument];
        var (grow, shrink) = wanted.Sign < 0 ? (Side.Sell, Side.Buy) : (Side.Buy, Side.Sell);
        var quantity = ToWeight(instrument, wanted, reference.MovedAgainst(grow, _kernel.Terms.Slippage));
        return quantity.Sign == (int)shrink ? ToWeight(instrument, wanted, reference.MovedAgainst(shrink, _kernel.Terms.Slippage)) : quantity;
    }

    private Quantity ToWeight(int instrument, Rate weight, Price price)
    {
        var account = _kernel.Account;
        account.Mark(instrument, price);
        return Sizing.ToWeight(weight, account.Equity, account[instrument].Quantity, price, _kernel.Terms.Commission, _step);
    }

    private void Send(in MarketOrder order, Price reference, long bar, long time)
    {
        var reason = Execute(order, reference, time, out var result);
        if (reason == RejectReason.None) _recorder.Filled(bar, result);
        else _recorder.Rejected(bar, time, order, reason);
    }

    private RejectReason Execute(in MarketOrder order, Price reference, long time, out FillResult result)
    {
        try
        {
            return _kernel.Execute(order, reference, time, out result);
        }
        catch (OverflowException)
        {
            // A value beyond the grid is refused like any order that cannot be booked; the kernel changes nothing before it throws.
            result = default;
            return RejectReason.OutOfRange;
        }
    }
}
