namespace Qmtl.Strategies;

public sealed partial class Series
{
    /// <summary>1 long, -1 short or 0 flat: entered where this reaches one threshold, left where it falls back past another.</summary>
    /// <remarks>
    /// From flat, at or above <see cref="Thresholds.LongEnter"/> is long, at or below <see cref="Thresholds.ShortEnter"/> short. A long position is
    /// closed below <see cref="Thresholds.LongExit"/>, else reversed at <see cref="Thresholds.ShortEnter"/>; a short one the other way round.
    /// An exit comes before a reversal: a value that leaps past both leaves the position flat on that bar, and reversed on the next at the earliest.
    /// To buy what has fallen, negate: <c>(-z).Position(new(LongEnter: 2, ShortEnter: -2, LongExit: 0.5, ShortExit: -0.5))</c>.
    /// </remarks>
    public Series Position(Thresholds thresholds)
    {
        ArgumentNullException.ThrowIfNull(thresholds);
        return thresholds.Problem is { } problem
            ? throw Refuse.Argument("position", Node, "thresholds", problem)
            : new Series(Node.Of(new HysteresisKernel(thresholds), Node));
    }

    /// <summary>This, kept as it was until it has moved by more than <paramref name="tolerance"/>: a no-trade band around a target weight.</summary>
    /// <remarks>A change to or from zero always gets through. A tolerance of 0.05 leaves a weight of 0.40 alone until it is above 0.45 or below 0.35.</remarks>
    public Series NoTradeBand(double tolerance) => tolerance is > 0 and < 1e6
        ? new Series(Node.Of(new DeadbandKernel(tolerance), Node))
        : throw Refuse.Argument("no_trade_band", Node, "tolerance", FormattableString.Invariant($"must be above 0, was {tolerance}"));

    /// <summary>The fraction of equity that grows fastest if these are simple returns, one per bar, and go on with the mean and variance of the last <paramref name="period"/>: fraction x mean / variance.</summary>
    /// <param name="period">Returns that mean and variance are estimated from.</param>
    /// <param name="fraction">How much of it to take; estimates err, so half or less is usual.</param>
    /// <param name="cap">The most, in both directions; the sign is that of the mean.</param>
    /// <remarks>Continuous approximation: Thorp, The Kelly criterion in blackjack, sports betting and the stock market (2006), section 7.</remarks>
    public Series Kelly(int period, double fraction = 0.5, double cap = 1)
    {
        Sizing.Check("kelly", this, nameof(fraction), fraction, 0, 1);
        Sizing.Check("kelly", this, nameof(cap), cap, 0, Sizing.MaxLeverage);
        return (fraction * (Sma(period) / Variance(period, sample: true))).Clamp(-cap, cap);
    }
}
