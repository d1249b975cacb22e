namespace Qmtl.Strategies;

/// <summary>How much to hold: weights of equity as expressions. Multiply one by a direction (-1, 0, 1) and give it to Target; run with sizing "target".</summary>
/// <remarks>Got from <see cref="StrategyBuilder.Size"/>, because annual figures need the run's bars per year; <see cref="Series.Kelly"/> needs none. A weight is missing while what it is computed from is.</remarks>
public sealed class Sizing
{
    internal const double MaxLeverage = 1000;
    private readonly Universe _universe;

    internal Sizing(Universe universe) => _universe = universe;

    /// <summary>The run's bars per year.</summary>
    public double BarsPerYear => _universe.BarsPerYear;

    /// <summary>The same share for every instrument of the run: 1 / their number.</summary>
    public Series Equal => 1.0 / _universe.Instruments.Count;

    /// <summary>The volatility of the last <paramref name="period"/> simple returns: their sample deviation x sqrt(bars per year).</summary>
    public Series AnnualVolatility(Series price, int period) => price.PercentChange().StdDev(period, sample: true) * Math.Sqrt(BarsPerYear);

    /// <summary>The weight at which a position has the annual volatility <paramref name="annual"/>: annual / volatility, at most <paramref name="maxWeight"/>.</summary>
    /// <param name="price">What is held.</param>
    /// <param name="annual">The volatility aimed at, as a fraction: 0.15 is 15 % a year.</param>
    /// <param name="period">Returns that the volatility is estimated from.</param>
    /// <param name="maxWeight">Where leverage ends; a price that does not move would call for any amount.</param>
    /// <remarks>Moskowitz, Ooi, Pedersen, Time series momentum, Journal of Financial Economics 104 (2012).</remarks>
    public Series VolatilityTarget(Series price, double annual, int period = 60, double maxWeight = 1)
    {
        Check("volatility_target", price, nameof(annual), annual, 1e-6, 100);
        Check("volatility_target", price, nameof(maxWeight), maxWeight, 0, MaxLeverage);
        return (annual / AnnualVolatility(price, period)).AtMost(maxWeight);
    }

    /// <summary>Shares proportional to 1 / volatility of each member; they sum to 1 over those that are present.</summary>
    /// <remarks>"Naive risk parity": every position has the same volatility by itself; correlations are left aside.</remarks>
    public Panel InverseVolatility(Panel prices, int period = 60)
    {
        ArgumentNullException.ThrowIfNull(prices);
        return prices.Each(price => 1.0 / AnnualVolatility(price, period)).ToGross(1);
    }

    internal static void Check(string node, Series series, string argument, double value, double min, double max)
    {
        if (!(value >= min && value <= max)) throw Refuse.Argument(node, series.Node, argument, FormattableString.Invariant($"must be a number {min}..{max}, was {value}"));
    }
}

public sealed partial class StrategyBuilder
{
    /// <summary>Weights as expressions: volatility target, inverse volatility, equal shares.</summary>
    public Sizing Size => new(_universe);
}
