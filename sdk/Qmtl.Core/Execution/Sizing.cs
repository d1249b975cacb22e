namespace Qmtl.Core;

/// <summary>How much to trade. Every quantity is cut towards zero, so that what is asked for can be paid for.</summary>
public static class Sizing
{
    /// <summary>The largest quantity that <paramref name="funds"/> pay for at <paramref name="price"/> including commission: funds / (price x (1 + commission)).</summary>
    public static Quantity Affordable(Money funds, Price price, Rate commission, Quantity step)
    {
        if (price.Ticks <= 0 || funds.Parts <= 0) return Quantity.Zero;
        var lots = FixedPoint.MultiplyDivideDown(funds.Parts, Rate.PartsPerUnit, (Int128)price.Ticks * (Rate.PartsPerUnit + commission.Parts));
        return Fit(lots, step);
    }

    /// <summary>
    /// The order that brings a position to <paramref name="weight"/> of equity, where equity is what remains after the order's own
    /// commission. A position of the opposite sign must have been closed before.
    /// </summary>
    /// <param name="weight">Signed share of equity.</param>
    /// <param name="equity">Equity with all positions marked, this one at <paramref name="price"/>.</param>
    /// <param name="held">The signed quantity held now.</param>
    /// <param name="price">The price the order will fill at.</param>
    /// <param name="commission">Commission on the notional.</param>
    /// <param name="step">Quantities are multiples of this.</param>
    public static Quantity ToWeight(Rate weight, Money equity, Quantity held, Price price, Rate commission, Quantity step)
    {
        if (price.Ticks <= 0) return Quantity.Zero;
        if (weight.Parts == 0) return -held;

        // d x price = w x (E - |d| x price x c) - held x price, solved for |d|; growing and shrinking differ in the sign of the fee term.
        var share = weight.Magnitude;
        var missing = (equity * share) - (price * held.Magnitude);
        var fee = FixedPoint.MultiplyDivide(share.Parts, commission.Parts, Rate.PartsPerUnit);
        var divisor = (Int128)price.Ticks * (missing.IsNegative ? Rate.PartsPerUnit - fee : Rate.PartsPerUnit + fee);
        var change = Fit(FixedPoint.MultiplyDivideDown(missing.Parts, Rate.PartsPerUnit, divisor), step);
        if (change.Lots < 0 && change.Magnitude > held.Magnitude) change = -held.Magnitude;
        return weight.Sign < 0 ? -change : change;
    }

    private static Quantity Fit(Int128 lots, Quantity step)
    {
        // Dividing 128 bits by one is not free.
        var whole = step.Lots <= 1 ? lots : lots / step.Lots * step.Lots;
        return whole > long.MaxValue || whole < -long.MaxValue ? throw new OverflowException("A quantity beyond 9.2e10 does not fit the grid.") : new Quantity((long)whole);
    }
}
