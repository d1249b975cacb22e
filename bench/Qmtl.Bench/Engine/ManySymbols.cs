using System.Globalization;
using Qmtl.Bench.Measuring;
using Qmtl.Data;

namespace Qmtl.Bench.Engine;

/// <summary>A2: many symbols on one account, each with an equal share of equity at its entry.</summary>
/// <remarks>
/// Orders of one open are filled as the account would: first all exits, then the entries in the order of the symbols, each with its share of the
/// equity there is by then, or with the cash that is left if that is less. The baseline reads prices bar by bar, all symbols side by side, which is
/// the layout that suits it best; QMTL takes one series per symbol, as files give them.
/// </remarks>
internal static class ManySymbols
{
    private const double BarsPerYear = 252;

    public static Contest Prepare(Scale scale)
    {
        var (symbols, days) = scale switch { Scale.Full => (500, 2_520), Scale.Quick => (100, 1_260), _ => (7, 300) };
        BarSeries[] series = [.. Enumerable.Range(0, symbols).Select(i => Generate(i, days))];
        var data = MarketData.Of(series);
        var (open, close) = (SideBySide(series, "open"), SideBySide(series, "close"));
        return new Contest((long)symbols * days, () => Baseline(open, close, symbols), () => Crossing.Replay(data, BarsPerYear), scale == Scale.Tiny ? 1e-9 : 1e-8);
    }

    private static BarSeries Generate(int symbol, int days) => SyntheticBars.Generate(new SyntheticOptions
    {
        Instrument = string.Create(CultureInfo.InvariantCulture, $"S{symbol:000}"),
        Count = days,
        IntervalSeconds = 86_400,
        Seed = 1_000 + (ulong)symbol,
        Volatility = 0.01,
        Decimals = 8,
    });

    private static double[] SideBySide(BarSeries[] series, string column)
    {
        var values = new double[series.Length * series[0].Count];
        for (var s = 0; s < series.Length; s++)
        {
            var from = series[s].FindColumn(column)!.Value.Span;
            for (var i = 0; i < from.Length; i++) values[(i * series.Length) + s] = from[i];
        }

        return values;
    }

    private static double[] Baseline(double[] opens, double[] closes, int symbols)
    {
        var bars = closes.Length / symbols;
        var quantity = new double[symbols];
        var (fast, slow) = (new double[symbols], new double[symbols]);
        var wanted = new bool[symbols];
        var cash = Crossing.Cash;
        var changed = false;
        var pass = new EquityPass(bars);
        for (var i = 0; i < bars; i++)
        {
            if (changed) Trade(opens.AsSpan(i * symbols, symbols), quantity, wanted, ref cash);
            changed = false;
            var equity = cash;
            var row = closes.AsSpan(i * symbols, symbols);
            for (var s = 0; s < row.Length; s++)
            {
                var price = row[s];
                equity += quantity[s] * price;
                fast[s] += price;
                slow[s] += price;
                if (i >= Crossing.Fast) fast[s] -= closes[((i - Crossing.Fast) * symbols) + s];
                if (i >= Crossing.Slow) slow[s] -= closes[((i - Crossing.Slow) * symbols) + s];
                if (i < Crossing.Slow - 1) continue;
                wanted[s] = Crossing.IsLong(fast[s] / Crossing.Fast, slow[s] / Crossing.Slow);
                changed |= wanted[s] != quantity[s] > 0;
            }

            pass.Mark(i, equity);
        }

        return pass.Results(BarsPerYear);
    }

    private static void Trade(ReadOnlySpan<double> open, double[] quantity, bool[] wanted, ref double cash)
    {
        var held = 0.0;
        for (var s = 0; s < open.Length; s++)
        {
            if (quantity[s] == 0) continue;
            if (wanted[s])
            {
                held += quantity[s] * open[s];
                continue;
            }

            cash += quantity[s] * open[s] * (1 - Crossing.Commission);
            quantity[s] = 0;
        }

        for (var s = 0; s < open.Length; s++)
        {
            if (!wanted[s] || quantity[s] > 0) continue;
            var funds = Math.Min(cash, (cash + held) / open.Length);
            quantity[s] = funds / (open[s] * (1 + Crossing.Commission));
            cash -= funds;
            held += quantity[s] * open[s];
        }
    }
}
