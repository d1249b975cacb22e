namespace Qmtl.Strategies;

/// <summary>What the distances of a barrier are measured in.</summary>
public enum BarrierMode
{
    /// <summary>Fractions of the entry price: 0.02 is two percent.</summary>
    Return,

    /// <summary>Units of price.</summary>
    Price,
}

/// <summary>Which way the labelled trade goes.</summary>
public enum LabelSide
{
    /// <summary>Bought at entry: a rise is a profit.</summary>
    Long,

    /// <summary>Sold at entry: a fall is a profit.</summary>
    Short,
}

/// <summary>How a labelled trade ended.</summary>
public enum LabelOutcome
{
    /// <summary>The horizon passed first.</summary>
    Timeout = 0,

    /// <summary>The profit target was reached first.</summary>
    ProfitTarget = 1,

    /// <summary>The stop loss was reached first, or on the same bar as the target.</summary>
    StopLoss = -1,
}

/// <summary>The two price barriers of a label.</summary>
/// <param name="ProfitTarget">Distance to the profit target, above 0; null for none.</param>
/// <param name="StopLoss">Distance to the stop loss, above 0; null for none.</param>
/// <param name="Mode">What the distances are measured in.</param>
public sealed record BarrierSpec(double? ProfitTarget, double? StopLoss, BarrierMode Mode = BarrierMode.Return)
{
    /// <summary>When the distances were fixed: the time of entry, nanoseconds UTC; null in a specification that belongs to no entry yet.</summary>
    public long? FrozenAt { get; init; }

    internal BarrierSpec Checked(string node) => this switch
    {
        { ProfitTarget: null, StopLoss: null } => throw Refuse.Graph(node, "needs a profit target or a stop loss; a label with neither is a forward return"),
        _ when !IsDistance(ProfitTarget) => throw Refuse.Graph(node, FormattableString.Invariant($"must have a profit target above 0, was {ProfitTarget}")),
        _ when !IsDistance(StopLoss) => throw Refuse.Graph(node, FormattableString.Invariant($"must have a stop loss above 0, was {StopLoss}")),
        _ => this,
    };

    private static bool IsDistance(double? distance) => distance is null or (> 0 and < double.PositiveInfinity);
}

/// <summary>The time barrier of a label: whichever comes first.</summary>
/// <param name="MaxBars">The most bars after the entry, at least 1; null for no limit.</param>
/// <param name="MaxDuration">The longest time after the entry; null for no limit.</param>
public sealed record HorizonSpec(int? MaxBars, TimeSpan? MaxDuration = null)
{
    /// <summary>When the horizon was fixed: the time of entry, nanoseconds UTC; null in a specification that belongs to no entry yet.</summary>
    public long? FrozenAt { get; init; }

    internal HorizonSpec Checked(string node) => this switch
    {
        { MaxBars: null, MaxDuration: null } => throw Refuse.Graph(node, "needs a horizon: MaxBars, MaxDuration or both; a label without one may never be resolved"),
        { MaxBars: < 1 or >= Kernel.MaxPeriod } => throw Refuse.Graph(node, $"must have MaxBars of 1..{Kernel.MaxPeriod - 1}, was {MaxBars}"),
        { MaxDuration: { } time } when time <= TimeSpan.Zero => throw Refuse.Graph(node, $"must have a MaxDuration above zero, was {time}"),
        _ => this,
    };
}

/// <summary>A label: what became of an entry. It exists from <see cref="ResolvedTime"/> on, and no order may depend on it.</summary>
/// <param name="EntryTime">Time of the bar at whose close the entry was, nanoseconds UTC.</param>
/// <param name="ResolvedTime">Time of the bar that ended it; never before <paramref name="EntryTime"/>.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Side">Which way it went.</param>
/// <param name="EntryPrice">The price at entry.</param>
/// <param name="ExitPrice">The barrier that was reached, or the close at the end of the horizon.</param>
/// <param name="Barrier">The barriers as they were fixed at entry.</param>
/// <param name="Horizon">The horizon as it was fixed at entry.</param>
/// <param name="CostModelId">The cost model a user of the label has to assume.</param>
/// <param name="SlippageModelId">The slippage model a user of the label has to assume.</param>
public sealed record LabelEvent(
    long EntryTime, long ResolvedTime, LabelOutcome Outcome, LabelSide Side, double EntryPrice, double ExitPrice, BarrierSpec Barrier, HorizonSpec Horizon,
    string CostModelId, string SlippageModelId)
{
    /// <summary>The return of the trade before costs, as a fraction of the entry price; a fall is a gain for a short.</summary>
    public double Return => ((ExitPrice / EntryPrice) - 1) * (Side == LabelSide.Long ? 1 : -1);
}
