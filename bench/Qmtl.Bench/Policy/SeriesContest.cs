using Qmtl.Bench.Measuring;
using Qmtl.WorldService.Evaluation.Augmentation;

namespace Qmtl.Bench.Policy;

/// <summary>All metrics that a run shows of itself, from its returns: by the service, and two of them by a single pass over the same numbers.</summary>
internal static class SeriesContest
{
    private const double BarsPerYear = 365 * 24 * 60;

    public static Contest Prepare(int points)
    {
        var random = new Random(11);
        var returns = new double[points];
        for (var i = 0; i < points; i++) returns[i] = (random.NextDouble() - 0.499) * 0.002;
        var end = DateTimeOffset.UnixEpoch.AddDays(20_000);
        var series = new StrategyReturns(returns, BarsPerYear, end.AddMinutes(-points), end, "strategy.returns");
        return new Contest(
            Items: 1,
            () => Plain(returns),
            () =>
            {
                var values = SeriesMeasures.Compute(series, []);
                // A measure that left most of its work undone would be quick.
                if (values.Count < 40) throw new InvalidOperationException($"only {values.Count} metrics of {points} returns");
                return [values["sharpe"], values["max_dd"]];
            },
            Tolerance: 1e-9);
    }

    private static double[] Plain(double[] returns)
    {
        var (mean, squares, equity, peak, deepest) = (0.0, 0.0, 1.0, 1.0, 0.0);
        for (var i = 0; i < returns.Length; i++)
        {
            var off = returns[i] - mean;
            mean += off / (i + 1);
            squares += off * (returns[i] - mean);
            equity *= 1 + returns[i];
            peak = Math.Max(peak, equity);
            deepest = Math.Max(deepest, 1 - (equity / peak));
        }

        return [mean / Math.Sqrt(squares / (returns.Length - 1)) * Math.Sqrt(BarsPerYear), deepest];
    }
}
