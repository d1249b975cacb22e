using Qmtl.Bench.Measuring;
using Qmtl.Data;

namespace Qmtl.Bench.Engine;

/// <summary>A1: one symbol, minute bars. The baseline is the single pass that one would write by hand for this strategy alone.</summary>
internal static class OneSymbol
{
    private const double BarsPerYear = 365 * 24 * 60;

    public static Contest Prepare(Scale scale)
    {
        var bars = Generate(scale);
        var data = MarketData.Of(bars);
        return new Contest(bars.Count, () => Baseline(bars.Open, bars.Close), () => Crossing.Replay(data, BarsPerYear), scale == Scale.Tiny ? 1e-9 : 1e-7);
    }

    /// <summary>QMTL's side alone, once, for measuring what it needs beside time.</summary>
    public static void RunOnce(Scale scale) => GC.KeepAlive(Crossing.Replay(MarketData.Of(Generate(scale)), BarsPerYear));

    // Eight decimals: on a coarse grid averages tie often, and the running sums of the baseline cannot tell a tie from a tiny difference.
    private static BarSeries Generate(Scale scale) => SyntheticBars.Generate(new SyntheticOptions
    {
        Count = scale switch { Scale.Full => 2_000_000, Scale.Quick => 200_000, _ => 5_000 },
        IntervalSeconds = 60,
        Seed = 11,
        Decimals = 8,
    });

    private static double[] Baseline(ReadOnlySpan<double> open, ReadOnlySpan<double> close)
    {
        var (cash, quantity) = (Crossing.Cash, 0.0);
        var (fast, slow) = (0.0, 0.0);
        var wanted = false;
        var pass = new EquityPass(close.Length);
        for (var i = 0; i < close.Length; i++)
        {
            if (wanted != quantity > 0)
            {
                if (wanted)
                {
                    quantity = cash / (open[i] * (1 + Crossing.Commission));
                    cash = 0;
                }
                else
                {
                    cash += quantity * open[i] * (1 - Crossing.Commission);
                    quantity = 0;
                }
            }

            var price = close[i];
            pass.Mark(i, cash + (quantity * price));
            fast += price;
            slow += price;
            if (i >= Crossing.Fast) fast -= close[i - Crossing.Fast];
            if (i >= Crossing.Slow) slow -= close[i - Crossing.Slow];
            if (i >= Crossing.Slow - 1) wanted = Crossing.IsLong(fast / Crossing.Fast, slow / Crossing.Slow);
        }

        return pass.Results(BarsPerYear);
    }
}
