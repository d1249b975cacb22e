namespace Qmtl.Core;

/// <summary>One trade from flat to flat: everything between opening a position and closing it.</summary>
/// <param name="Instrument">Ordinal of the instrument in the account.</param>
/// <param name="Side">Buy for a long trade, Sell for a short one.</param>
/// <param name="OpenedAt">Time of the first fill, nanoseconds UTC.</param>
/// <param name="ClosedAt">Time of the closing fill, nanoseconds UTC.</param>
/// <param name="Opened">The sum of all quantities that opened or added, without sign.</param>
/// <param name="EntryNotional">What those were worth when filled.</param>
/// <param name="Commission">Commission of both sides.</param>
/// <param name="GrossProfit">Realised profit before commission.</param>
public readonly record struct RoundTrip(
    int Instrument, Side Side, long OpenedAt, long ClosedAt, Quantity Opened, Money EntryNotional, Money Commission, Money GrossProfit)
{
    /// <summary>Realised profit after the commission of both sides.</summary>
    public Money NetProfit => GrossProfit - Commission;

    /// <summary>Net profit as a fraction of the entry notional; zero when that is zero.</summary>
    public double NetReturn => EntryNotional == Money.Zero ? 0 : NetProfit.ToDouble() / EntryNotional.Magnitude.ToDouble();
}
