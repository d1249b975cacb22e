using FsCheck;
using FsCheck.Fluent;

namespace Qmtl.Statistics.Tests;

/// <summary>The one-pass report of an equity curve against the statistics written down from their definitions.</summary>
public sealed class EquityScanTests
{
    [Fact]
    public void Of_AnyCurve_EqualsTheDefinitions() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var equity = Curve(seed);
            var returns = Enumerable.Range(1, equity.Length - 1).Select(i => (equity[i] / equity[i - 1]) - 1).ToArray();
            var mean = (double)(returns.Sum(r => (decimal)r) / returns.Length);
            var deviation = Math.Sqrt(returns.Sum(r => (r - mean) * (r - mean)) / (returns.Length - 1));
            var downside = Math.Sqrt(returns.Sum(r => Math.Min(r, 0) * Math.Min(r, 0)) / returns.Length);

            var report = EquityStatistics.Of(equity, 252);

            Assert.Equal(returns, EquityStatistics.Returns(equity));
            Near(deviation * Math.Sqrt(252), report.Volatility!.Value);
            Near(mean / deviation * Math.Sqrt(252), report.Sharpe!.Value);
            Near(mean / downside * Math.Sqrt(252), report.Sortino!.Value);
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Equity_AnyCurve_FallsAsPointByPoint() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var equity = Curve(seed);
            double peak = double.NegativeInfinity, worst = 0, squares = 0;
            int peakAt = -1, from = -1, trough = -1, below = 0, streak = 0, longest = 0;
            int? recovery = null;
            for (var i = 0; i < equity.Length; i++)
            {
                if (equity[i] >= peak)
                {
                    if (trough >= 0 && recovery is null && from == peakAt) recovery = i;
                    (peak, peakAt, streak) = (equity[i], i, 0);
                    continue;
                }

                var fall = 1 - (equity[i] / peak);
                below++;
                longest = Math.Max(longest, ++streak);
                squares += fall * fall;
                if (fall > worst) (worst, from, trough, recovery) = (fall, peakAt, i, null);
            }

            var drawdown = Drawdowns.Equity(equity);

            Assert.Equal((worst, from, trough, recovery), (drawdown.MaxDrawdown, drawdown.PeakIndex, drawdown.TroughIndex, drawdown.RecoveryIndex));
            Assert.Equal(((double)below / equity.Length, longest), (drawdown.UnderWaterShare, drawdown.LongestUnderWater));
            Assert.Equal(Math.Sqrt(squares / equity.Length), drawdown.Ulcer, 1e-14);
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Of_ConstantReturnsOverManyStretches_HasNoDeviation()
    {
        // Doubling is exact, so every return is exactly one.
        var doubling = Enumerable.Range(0, 900).Select(i => Math.ScaleB(1, i)).ToArray();

        var report = EquityStatistics.Of(doubling, 252);

        Assert.Equal(0, report.Volatility);
        Assert.Null(report.Sharpe);
    }

    [Fact]
    public void Of_CurveThroughZero_LeavesUndefinedReturnsOut()
    {
        double[] equity = [100, 110, 0, 50, 55, 44];

        var report = EquityStatistics.Of(equity, 1);

        double[] returns = [(110.0 / 100) - 1, -1, (55.0 / 50) - 1, (44.0 / 55) - 1];
        Near(ReturnStatistics.Sharpe(returns, 1)!.Value, report.Sharpe!.Value);
        Near(ReturnStatistics.Sortino(returns, 1)!.Value, report.Sortino!.Value);
    }

    [Fact]
    public void Turnover_AnyWeights_IsTheSumOfChanges() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            var weights = bytes.Select(b => b / 100.0).ToArray();
            var sum = weights.Zip(weights.Prepend(0), (now, before) => Math.Abs(now - before)).Sum();
            if (weights.Length == 0) Assert.Null(PositionStatistics.Turnover(weights, 10));
            else Near(sum * 10 / weights.Length, PositionStatistics.Turnover(weights, 10)!.Value);
            return true;
        }).QuickCheckThrowOnFailure();

    private static void Near(double expected, double actual) => Assert.Equal(expected, actual, 1e-12 * Math.Max(1, Math.Abs(expected)));

    private static double[] Curve(int seed)
    {
        var random = new Random(seed);
        var equity = new double[random.Next(3, 3_000)];
        var (level, drift) = (1_000.0, (random.NextDouble() - 0.5) * 0.004);
        for (var i = 0; i < equity.Length; i++)
        {
            equity[i] = level;
            // Levels that come back exactly test recoveries and ties with the peak.
            if (random.Next(3) > 0) level = Math.Max(1, Math.Round(level * (1 + drift + (0.02 * (random.NextDouble() - 0.5))), 1));
        }

        (equity[1], equity[2]) = (equity[0] * 1.01, equity[0] * 0.98);
        return equity;
    }
}
