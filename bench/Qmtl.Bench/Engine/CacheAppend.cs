using Qmtl.Bench.Measuring;
using Qmtl.Strategies;

namespace Qmtl.Bench.Engine;

/// <summary>Bars of five columns, each appended to a window of 200. The baseline writes them to a ring that assumes they come in order and without gaps.</summary>
internal static class CacheAppend
{
    private const int Period = 200, Columns = 5;
    private const long Interval = 60_000_000_000;

    public static Contest Prepare(Scale scale)
    {
        var bars = scale switch { Scale.Full => 2_000_000, Scale.Quick => 200_000, _ => 1_000 };
        return new Contest(bars, () => Baseline(bars), () => Append(bars), Tolerance: 0);
    }

    private static double[] Baseline(int bars)
    {
        var times = new long[Period];
        var columns = new double[Columns][];
        for (var c = 0; c < Columns; c++) columns[c] = new double[Period];
        Span<double> row = stackalloc double[Columns];
        var at = 0;
        for (var i = 0; i < bars; i++)
        {
            row.Fill(i);
            times[at] = i * Interval;
            for (var c = 0; c < Columns; c++) columns[c][at] = row[c];
            if (++at == Period) at = 0;
        }

        var results = new double[Period + 1];
        for (var i = 0; i < Period; i++) results[i] = columns[Columns - 1][(at + i) % Period];
        results[Period] = times[(at + Period - 1) % Period];
        return results;
    }

    private static double[] Append(int bars)
    {
        using var cache = new NodeCache(new NodeCacheOptions { NodeId = "bench", Period = Period });
        var input = cache.Add("bars", 60, "open", "high", "low", "close", "volume");
        Span<double> row = stackalloc double[Columns];
        for (var i = 0; i < bars; i++)
        {
            row.Fill(i);
            input.Append(i * Interval, row);
        }

        return [.. input.Window[Columns - 1], input.LastTime!.Value];
    }
}
