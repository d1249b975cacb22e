using System.Globalization;
using Qmtl.Statistics;

namespace Qmtl.Runtime;

/// <summary>The conditions of a run, in the words of the command line.</summary>
public sealed record RunConditions
{
    /// <summary>When orders were filled: next-open or close.</summary>
    public required string Fill { get; init; }

    /// <summary>How much a position held: all-in, target or fixed.</summary>
    public required string Sizing { get; init; }

    /// <summary>Units per position with fixed sizing; null otherwise.</summary>
    public required decimal? Size { get; init; }

    /// <summary>Whether quantities were whole numbers.</summary>
    public required bool WholeUnits { get; init; }

    /// <summary>Whether negative targets sold short.</summary>
    public required bool Short { get; init; }

    /// <summary>Commission on the notional of each side, in basis points.</summary>
    public required decimal CommissionBps { get; init; }

    /// <summary>How far the price moved against each order, in basis points.</summary>
    public required decimal SlippageBps { get; init; }

    /// <summary>How much gross position one unit of equity carried.</summary>
    public required decimal Leverage { get; init; }

    /// <summary>Whether what was open at the last close was sold there.</summary>
    public required bool CloseAtEnd { get; init; }

    /// <summary>Bars per year as they were given; null when they follow from interval and calendar.</summary>
    public required double? BarsPerYear { get; init; }

    /// <summary>The calendar as it was given; null when it was concluded from the times.</summary>
    public required string? Calendar { get; init; }

    /// <summary>What <paramref name="options"/> say.</summary>
    public static RunConditions Of(ReplayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new RunConditions
        {
            Fill = options.Fill == FillAt.Close ? "close" : "next-open",
            Sizing = options.Sizing switch { SizingMode.Fixed => "fixed", SizingMode.Target => "target", _ => "all-in" },
            Size = options.Size,
            WholeUnits = options.WholeUnits,
            Short = options.AllowShort,
            CommissionBps = options.CommissionBps,
            SlippageBps = options.SlippageBps,
            Leverage = options.Leverage,
            CloseAtEnd = options.CloseAtEnd,
            BarsPerYear = options.BarsPerYear,
            Calendar = options.Calendar?.ToToken(),
        };
    }

    /// <summary>The same as options of the command line, ready to be typed again.</summary>
    public override string ToString()
    {
        var always = string.Create(CultureInfo.InvariantCulture, $"--fill {Fill} --sizing {Sizing} --short {(Short ? "on" : "off")} --commission-bps {CommissionBps} --slippage-bps {SlippageBps} --leverage {Leverage}");
        string[] given =
        [
            Size is { } size ? string.Create(CultureInfo.InvariantCulture, $" --size {size}") : "",
            WholeUnits ? " --whole-units" : "",
            CloseAtEnd ? " --close-at-end" : "",
            BarsPerYear is { } bars ? string.Create(CultureInfo.InvariantCulture, $" --bars-per-year {bars:R}") : "",
            Calendar is { } calendar ? $" --calendar {calendar}" : "",
        ];
        return always + string.Concat(given);
    }
}
