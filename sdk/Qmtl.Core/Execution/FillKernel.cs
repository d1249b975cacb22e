namespace Qmtl.Core;

/// <summary>Turns a market order and a reference price into a booked fill or a refusal: the one place where money changes.</summary>
/// <remarks>
/// A backtest and the simulated venue call this same code, so they cannot disagree about slippage, commission, margin or profit.
/// The margin rule is one sentence: after an order that adds exposure, gross position value at current marks must not exceed
/// equity x leverage. For a long position without leverage that is the same as "cash stays at or above zero".
/// Orders that only reduce a position always pass.
/// </remarks>
public sealed class FillKernel(Account account, FillTerms terms)
{
    /// <summary>The account that fills are booked in.</summary>
    public Account Account { get; } = account;

    /// <summary>The conditions of filling.</summary>
    public FillTerms Terms { get; } = terms;

    /// <summary>How many fills were booked.</summary>
    public long Fills { get; private set; }

    /// <summary>What slippage has cost so far.</summary>
    public Money SlippagePaid { get; private set; }

    /// <summary>Executes <paramref name="order"/> at <paramref name="reference"/> moved by the slippage.</summary>
    /// <param name="order">The order.</param>
    /// <param name="reference">The market's price before slippage.</param>
    /// <param name="time">Nanoseconds UTC.</param>
    /// <param name="result">The fill, and the trade it closed, when the return value is <see cref="RejectReason.None"/>.</param>
    /// <returns>None, or why nothing was executed.</returns>
    public RejectReason Execute(in MarketOrder order, Price reference, long time, out FillResult result)
    {
        var reason = Quote(order, reference, out var price, out var commission);
        if (reason != RejectReason.None)
        {
            result = default;
            return reason;
        }

        var quantity = order.Quantity.Magnitude;
        var slippage = new Price(Math.Abs(price.Ticks - reference.Ticks)) * quantity;
        var fill = new Fill(order.Instrument, order.Side, quantity, price, commission, slippage, time);
        result = new FillResult(fill, Account.Book(fill, out var trip) ? trip : null);
        Fills++;
        SlippagePaid += slippage;
        return RejectReason.None;
    }

    private RejectReason Quote(in MarketOrder order, Price reference, out Price price, out Money commission)
    {
        (price, commission) = (default, default);
        if (order.Quantity.IsZero) return RejectReason.QuantityTooSmall;
        if (reference.Ticks <= 0) return RejectReason.NoPrice;

        price = reference.MovedAgainst(order.Side, Terms.Slippage);
        if (price.Ticks <= 0) return RejectReason.NoPrice;
        commission = price * order.Quantity.Magnitude * Terms.Commission;
        return Carries(order, price, commission) ? RejectReason.None : RejectReason.InsufficientFunds;
    }

    private bool Carries(in MarketOrder order, Price price, Money commission)
    {
        var before = Account[order.Instrument].Quantity;
        var after = before + order.Quantity;
        var reduces = before.Sign * order.Quantity.Sign < 0 && after.Sign != -before.Sign;
        if (reduces) return true;

        // At the fill price the trade itself changes no equity, only its commission does.
        var mark = Account.MarkOf(order.Instrument);
        var equity = Account.Equity + (price * before) - (mark * before) - commission;
        var gross = Account.GrossValue - (mark * before).Magnitude + (price * after).Magnitude;
        return gross <= equity * Terms.Leverage;
    }
}

/// <summary>What <see cref="FillKernel.Execute"/> booked.</summary>
/// <param name="Fill">The execution.</param>
/// <param name="Closed">The trade it closed, or null.</param>
public readonly record struct FillResult(Fill Fill, RoundTrip? Closed);
