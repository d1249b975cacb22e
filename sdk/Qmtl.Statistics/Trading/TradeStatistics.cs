using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Statistics;

/// <summary>A closed round trip.</summary>
/// <param name="ExitTime">Epoch seconds of its end.</param>
/// <param name="NetProfit">Profit in currency, commissions of both sides subtracted.</param>
public readonly record struct ClosedTrade(long ExitTime, double NetProfit);

/// <summary>Statistics over closed trades. Undefined values are null.</summary>
public static class TradeStatistics
{
    /// <summary>Share of trades with a profit.</summary>
    public static double? WinRate(ReadOnlySpan<ClosedTrade> trades) => ReturnStatistics.WinRatio(Profits(trades));

    /// <summary>Σ profits / |Σ losses|; null without a loss.</summary>
    public static double? ProfitFactor(ReadOnlySpan<ClosedTrade> trades) => ReturnStatistics.ProfitFactor(Profits(trades));

    /// <summary>Whether there are profits and no losses.</summary>
    public static bool ProfitFactorIsInfinite(ReadOnlySpan<ClosedTrade> trades) => ReturnStatistics.ProfitFactorIsInfinite(Profits(trades));

    /// <summary>Mean profit of a trade, in currency.</summary>
    public static double? AverageProfit(ReadOnlySpan<ClosedTrade> trades) => Moments.Mean(Profits(trades));

    internal static double[] Profits(ReadOnlySpan<ClosedTrade> trades)
    {
        var profits = new double[trades.Length];
        for (var i = 0; i < profits.Length; i++) profits[i] = trades[i].NetProfit;
        return profits;
    }
}

/// <summary>Statistics of the position held at each bar's close, as a signed share of equity.</summary>
public static class PositionStatistics
{
    /// <summary>Share of bars whose close finds a position.</summary>
    public static double? Exposure(ReadOnlySpan<double> weights)
    {
        if (weights.IsEmpty) return null;
        var held = 0;
        foreach (var weight in weights) held += weight != 0 ? 1 : 0;
        return (double)held / weights.Length;
    }

    /// <summary>Σ|change of weight|, the first from flat, a year: 2 means that the whole equity was bought once and sold once a year.</summary>
    public static double? Turnover(ReadOnlySpan<double> weights, double barsPerYear)
    {
        if (weights.IsEmpty) return null;
        var before = MemoryMarshal.Cast<double, Vector<double>>(weights[..^1]);
        var after = MemoryMarshal.Cast<double, Vector<double>>(weights[1..]);
        var changes = Vector<double>.Zero;
        for (var i = 0; i < before.Length; i++) changes += Vector.Abs(after[i] - before[i]);
        var sum = Math.Abs(weights[0]) + Vector.Sum(changes);
        for (var i = (before.Length * Vector<double>.Count) + 1; i < weights.Length; i++) sum += Math.Abs(weights[i] - weights[i - 1]);
        return ReturnStatistics.Finite(sum * barsPerYear / weights.Length);
    }
}
