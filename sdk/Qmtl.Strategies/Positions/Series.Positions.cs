namespace Qmtl.Strategies;

public sealed partial class Series
{
    /// <summary>1 long, -1 short or 0 flat: entered where this reaches one threshold, left where it falls back past another.</summary>
    /// <remarks>
    /// From flat, at or above <see cref="Thresholds.LongEnter"/> is long, at or below <see cref="Thresholds.ShortEnter"/> short. A long position is
    /// closed below <see cref="Thresholds.LongExit"/>, else reversed at <see cref="Thresholds.ShortEnter"/>; a short one the other way round.
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
}
