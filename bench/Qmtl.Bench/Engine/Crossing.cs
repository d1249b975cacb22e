using Qmtl.Data;
using Qmtl.Runtime;
using Qmtl.Strategies;

namespace Qmtl.Bench.Engine;

/// <summary>What A1 and A2 trade: long while SMA 10 is above SMA 30, else flat; next open, 1 bp.</summary>
internal static class Crossing
{
    public const int Fast = 10, Slow = 30;
    public const double Cash = 1_000_000;
    public const double Commission = 1e-4;

    // Averages that differ by rounding only are a tie, and a tie is not above.
    private const double Tie = 1e-12;

    public static bool IsLong(double fast, double slow) => fast - slow > Tie * Math.Abs(slow);

    /// <summary>The same through the public SDK: what `qmtl backtest sma-cross` runs.</summary>
    public static double[] Replay(MarketData data, double barsPerYear)
    {
        var options = new ReplayOptions { Cash = (decimal)Cash, CommissionBps = 1, BarsPerYear = barsPerYear };
        var result = new KernelReplay().Run(new SmaCross(), data, options);
        return [result.FinalEquity / Cash, result.Sharpe ?? double.NaN, result.MaxDrawdown];
    }
}
