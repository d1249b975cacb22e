namespace Qmtl.Core;

/// <summary>An order to trade now at what the market gives.</summary>
/// <param name="Instrument">Ordinal of the instrument in the account.</param>
/// <param name="Quantity">Signed quantity: positive buys, negative sells.</param>
public readonly record struct MarketOrder(int Instrument, Quantity Quantity)
{
    /// <summary>The direction.</summary>
    public Side Side => Quantity.Lots < 0 ? Side.Sell : Side.Buy;
}

/// <summary>An execution.</summary>
/// <param name="Instrument">Ordinal of the instrument in the account.</param>
/// <param name="Side">Direction.</param>
/// <param name="Quantity">Quantity without sign.</param>
/// <param name="Price">Price including slippage.</param>
/// <param name="Commission">Commission paid.</param>
/// <param name="Slippage">What slippage cost against the reference price, without commission.</param>
/// <param name="Time">Nanoseconds UTC.</param>
public readonly record struct Fill(int Instrument, Side Side, Quantity Quantity, Price Price, Money Commission, Money Slippage, long Time)
{
    /// <summary>Quantity with the sign of the side.</summary>
    public Quantity Signed => Side == Side.Buy ? Quantity : -Quantity;
}

/// <summary>Why an order was refused. An order is filled whole or refused whole, never clipped.</summary>
public enum RejectReason
{
    /// <summary>Not refused.</summary>
    None = 0,

    /// <summary>The quantity is below one lot, or was rounded down to nothing.</summary>
    QuantityTooSmall,

    /// <summary>There is no price, or it is not above zero.</summary>
    NoPrice,

    /// <summary>The positions after the order would exceed what the equity carries.</summary>
    InsufficientFunds,

    /// <summary>Price, quantity or value do not fit the integer grid.</summary>
    OutOfRange,
}

/// <summary>The conditions under which orders are filled.</summary>
/// <param name="Commission">Share of the notional of each side.</param>
/// <param name="Slippage">How far the price moves against each order.</param>
/// <param name="Leverage">How much gross position one unit of equity carries; 1 is a cash account.</param>
public readonly record struct FillTerms(Rate Commission, Rate Slippage, Rate Leverage)
{
    /// <summary>No commission, no slippage, no leverage.</summary>
    public static FillTerms Free => new(Rate.Zero, Rate.Zero, Rate.One);
}
