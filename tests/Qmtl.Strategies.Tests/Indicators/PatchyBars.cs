using Qmtl.Data;

namespace Qmtl.Strategies.Tests;

/// <summary>Columns of short runs, each of noise, of one repeated value, of a jump to another level or of missing values: what windows find hard.</summary>
internal static class PatchyBars
{
    public static BarSeries Of(int seed, int count)
    {
        var random = new Random(seed);
        var times = Enumerable.Range(0, count).Select(i => i * 60_000_000_000L).ToArray();
        return new BarSeries("X", times, new[] { "open", "high", "low", "close", "volume" }.ToDictionary(name => name, _ => Column(random, count), StringComparer.Ordinal));
    }

    private static double[] Column(Random random, int count)
    {
        var values = new double[count];
        for (var at = 0; at < count;)
        {
            var run = values.AsSpan(at, Math.Min(1 + random.Next(30), count - at));
            var level = random.Next(-2, 3) * 250.0;
            switch (random.Next(4))
            {
                case 0:
                    run.Fill(level + random.NextDouble());
                    break;
                case 1 when random.Next(3) == 0:
                    run[..Math.Min(3, run.Length)].Fill(double.NaN);
                    run = run[..Math.Min(3, run.Length)];
                    break;
                default:
                    for (var i = 0; i < run.Length; i++) run[i] = level + random.NextDouble();
                    break;
            }

            at += run.Length;
        }

        return values;
    }
}
