using Qmtl.Bench.Measuring;
using Qmtl.Data;
using Qmtl.Runtime;
using Qmtl.Strategies;

namespace Qmtl.Bench.Engine;

/// <summary>A grid of parameters replayed with two workers. The baseline has one.</summary>
internal static class SweepOnCores
{
    public static Contest Prepare(Scale scale)
    {
        var (bars, slow) = scale switch { Scale.Full => (100_000, "slow=60:200:10"), Scale.Quick => (10_000, "slow=60:200:10"), _ => (400, "slow=30:40:10") };
        var data = MarketData.Of(SyntheticBars.Generate(new SyntheticOptions { Count = bars, Seed = 41 }));
        SweepAxis[] axes = [SweepAxis.Parse("fast=10:50:10"), SweepAxis.Parse(slow)];
        var runs = axes.Aggregate(1L, (product, axis) => product * axis.Values.Count);
        return new Contest(runs, () => Run(axes, data, workers: 1), () => Run(axes, data, workers: 2), Tolerance: 0);
    }

    private static double[] Run(SweepAxis[] axes, MarketData data, int workers)
    {
        var options = new ReplayOptions { CommissionBps = 1, BarsPerYear = 365 * 24 * 60, KeepSeries = false };
        return [.. new Sweep().Run(() => new SmaCross(), axes, data, options, workers).Select(run => run.Result!.FinalEquity)];
    }
}
