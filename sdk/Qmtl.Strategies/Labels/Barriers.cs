namespace Qmtl.Strategies;

/// <summary>The barriers of one entry as prices, and the one rule by which a bar reaches them.</summary>
internal readonly record struct Barriers(double Upper, double Lower, LabelSide Side)
{
    public static Barriers At(double price, BarrierSpec spec, LabelSide side)
    {
        var unit = spec.Mode == BarrierMode.Return ? price : 1;
        var (up, down) = side == LabelSide.Long ? (spec.ProfitTarget, spec.StopLoss) : (spec.StopLoss, spec.ProfitTarget);
        return new Barriers(price + (unit * up ?? double.PositiveInfinity), price - (unit * down ?? double.PositiveInfinity), side);
    }

    /// <summary>
    /// What a bar does. A bar that spans both barriers does not tell which it reached first: it counts as the stop loss, so that a label never promises
    /// more than a trade could have had.
    /// </summary>
    public LabelOutcome Reached(double high, double low)
    {
        var (profit, stop) = Side == LabelSide.Long ? (high >= Upper, low <= Lower) : (low <= Lower, high >= Upper);
        return stop ? LabelOutcome.StopLoss : profit ? LabelOutcome.ProfitTarget : LabelOutcome.Timeout;
    }

    /// <summary>The price at which an outcome leaves.</summary>
    public double ExitPrice(LabelOutcome outcome, double close) => outcome switch
    {
        LabelOutcome.Timeout => close,
        LabelOutcome.ProfitTarget => Side == LabelSide.Long ? Upper : Lower,
        _ => Side == LabelSide.Long ? Lower : Upper,
    };
}
