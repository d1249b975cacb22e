namespace Qmtl.Core;

/// <summary>What is held of one instrument, and what it cost.</summary>
public readonly record struct Position
{
    /// <summary>The signed quantity held.</summary>
    public Quantity Quantity { get; init; }

    /// <summary>
    /// What the open quantity was bought for; for a short, minus what it was sold for. Same sign as <see cref="Quantity"/>. Kept as a
    /// total rather than a price per unit, so that adding and removing never accumulates a rounding error.
    /// </summary>
    public Money Cost { get; init; }

    /// <summary>The average price of the open quantity, rounded to the price grid; zero when flat.</summary>
    public Price AverageCost => Quantity.IsZero ? default : new Price((long)FixedPoint.MultiplyDivide(Cost.Parts, 1, Quantity.Lots));

    /// <summary>The profit that closing at <paramref name="price"/> would realise, before commission.</summary>
    public Money UnrealisedAt(Price price) => (price * Quantity) - Cost;

    /// <summary>This position after <paramref name="traded"/> at <paramref name="price"/>, and the profit it realised.</summary>
    /// <remarks>
    /// Adding averages the cost. Reducing releases the cost in proportion. Crossing zero releases all of it and starts anew at
    /// <paramref name="price"/>. Over any history: realised profit + unrealised profit = the exact sum of the cash flows and the mark.
    /// </remarks>
    internal Position After(Quantity traded, Price price, out Money realised)
    {
        if (Quantity.Sign * traded.Sign >= 0)
        {
            realised = Money.Zero;
            return new Position { Quantity = Quantity + traded, Cost = Cost + (price * traded) };
        }

        var remaining = Quantity + traded;
        if (remaining.Sign == Quantity.Sign)
        {
            var released = new Money(FixedPoint.MultiplyDivide(Cost.Parts, traded.Magnitude.Lots, Quantity.Magnitude.Lots));
            realised = (price * -traded) - released;
            return new Position { Quantity = remaining, Cost = Cost - released };
        }

        realised = (price * Quantity) - Cost;
        return new Position { Quantity = remaining, Cost = price * remaining };
    }
}
