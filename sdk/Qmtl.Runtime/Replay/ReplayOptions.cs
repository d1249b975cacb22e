using Qmtl.Statistics;

namespace Qmtl.Runtime;

/// <summary>When an order is filled.</summary>
public enum FillAt
{
    /// <summary>At the open of the bar after the decision; a decision on the last bar is not executed.</summary>
    NextOpen = 0,

    /// <summary>At the close the decision was made on, the last bar's included.</summary>
    Close,
}

/// <summary>How much a target holds.</summary>
public enum SizingMode
{
    /// <summary>All the equity can pay for, in the direction of the target; with several instruments, each an equal share of it.</summary>
    AllIn = 0,

    /// <summary>The target's weight of equity, traded only when the target changes.</summary>
    Target,

    /// <summary>A fixed number of units in the direction of the target.</summary>
    Fixed,
}

/// <summary>The conditions of a replay.</summary>
public sealed record ReplayOptions
{
    /// <summary>Cash at the start.</summary>
    public decimal Cash { get; init; } = 10_000m;

    /// <summary>Commission on the notional of each side, in basis points.</summary>
    public decimal CommissionBps { get; init; }

    /// <summary>How far the price moves against each order, in basis points.</summary>
    public decimal SlippageBps { get; init; }

    /// <summary>When orders are filled.</summary>
    public FillAt Fill { get; init; } = FillAt.NextOpen;

    /// <summary>How much is held.</summary>
    public SizingMode Sizing { get; init; } = SizingMode.AllIn;

    /// <summary>Units per position, for <see cref="SizingMode.Fixed"/>.</summary>
    public decimal? Size { get; init; }

    /// <summary>Quantities are whole numbers.</summary>
    public bool WholeUnits { get; init; }

    /// <summary>Negative targets sell short; otherwise they mean flat.</summary>
    public bool AllowShort { get; init; }

    /// <summary>Sells what is open at the last close.</summary>
    public bool CloseAtEnd { get; init; }

    /// <summary>How much gross position one unit of equity carries.</summary>
    public decimal Leverage { get; init; } = 1m;

    /// <summary>Bars per year; by default from the interval and the calendar.</summary>
    public double? BarsPerYear { get; init; }

    /// <summary>The calendar behind bars per year; by default concluded from the times.</summary>
    public TradingCalendar? Calendar { get; init; }

    /// <summary>Where the records of the event stream are written; the SHA-256 of its bytes is the result's stream digest. Not disposed.</summary>
    public Stream? EventStream { get; init; }

    /// <summary>Bars computed at once; by default what keeps the plan's values in the cache. The result does not depend on it.</summary>
    public int? BlockLength { get; init; }

    /// <summary>Whether the result keeps its series (equity, weights, fills, trades); without them many runs fit the memory.</summary>
    public bool KeepSeries { get; init; } = true;
}
