using System.Globalization;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Statistics;

namespace Qmtl.Cli.Commands;

/// <summary>The parts of a metrics document that are more than one number.</summary>
internal static class MetricsTables
{
    private const int DrawdownCount = 5;

    /// <summary>The deepest drawdowns. Positions count the returns from 0; a peak of −1 is the start; with times, dates stand beside them.</summary>
    public static JsonArray Drawdowns(ReturnFile file, double cost)
    {
        var (returns, times) = Net(file, cost);
        return new JsonArray([.. DrawdownTable.Deepest(returns, DrawdownCount).Select(drawdown =>
        {
            var entry = new JsonObject
            {
                ["depth"] = drawdown.Depth,
                ["peak"] = drawdown.PeakIndex,
                ["trough"] = drawdown.TroughIndex,
                ["recovery"] = drawdown.RecoveryIndex,
                ["periods"] = (drawdown.RecoveryIndex ?? returns.Length - 1) - drawdown.PeakIndex,
            };
            if (times is null) return entry;
            entry["peak_time"] = drawdown.PeakIndex < 0 ? null : Time(times[drawdown.PeakIndex]);
            entry["trough_time"] = Time(times[drawdown.TroughIndex]);
            entry["recovery_time"] = drawdown.RecoveryIndex is { } recovery ? Time(times[recovery]) : null;
            return entry;
        })]);
    }

    /// <summary>One object a year: <c>{"year":2024,"total":0.1,"01":0.02,...}</c>; months without returns are null.</summary>
    public static JsonArray Months(ReturnFile file, double cost)
    {
        var (returns, times) = Net(file, cost);
        var months = PeriodReturns.Monthly(times!, returns).ToLookup(month => month.Year);
        return new JsonArray([.. PeriodReturns.Yearly(times!, returns).Select(year =>
        {
            var row = new JsonObject { ["year"] = year.Year, ["total"] = year.Return };
            foreach (var month in Enumerable.Range(1, 12))
                row[month.ToString("00", CultureInfo.InvariantCulture)] = months[year.Year].FirstOrDefault(found => found.Month == month) is { Bars: > 0 } known ? known.Return : null;
            return row;
        })]);
    }

    public static JsonObject Benchmark(ReturnFile file, ReturnFile benchmark, ReturnReportOptions options, string option)
    {
        if (benchmark.Returns.Length != file.Returns.Length)
            throw new UsageException(option, $"{option} has {benchmark.Returns.Length} returns, the series {file.Returns.Length}; both must cover the same periods.");
        double[] net = [.. file.Returns.Select(r => r - options.CostPerPeriod)];
        var report = BenchmarkStatistics.Of(net, benchmark.Returns, options.BarsPerYear ?? double.NaN, options.RiskFree);
        return new JsonObject
        {
            ["beta"] = report.Beta,
            ["alpha"] = report.Alpha,
            ["correlation"] = report.Correlation,
            ["r_squared"] = report.RSquared,
            ["tracking_error"] = report.TrackingError,
            ["information_ratio"] = report.InformationRatio,
            ["treynor"] = report.Treynor,
            ["up_capture"] = report.UpCapture,
            ["down_capture"] = report.DownCapture,
        };
    }

    /// <summary>The annualised ratio where the periods of a year are known, else that of one period.</summary>
    public static JsonObject? SharpeInterval(ReturnFile file, ReturnReportOptions options, int samples)
    {
        var interval = BlockBootstrap.Interval(Net(file, options.CostPerPeriod).Returns, sample => ReturnStatistics.Sharpe(sample.Span, options.BarsPerYear ?? 1, options.RiskFree), samples);
        return interval is not { } found ? null : new JsonObject { ["value"] = found.Value, ["low"] = found.Low, ["high"] = found.High, ["confidence"] = 0.95, ["samples"] = samples };
    }

    /// <summary>The finite returns less costs, and their times.</summary>
    private static (double[] Returns, long[]? Times) Net(ReturnFile file, double cost)
    {
        int[] kept = [.. Enumerable.Range(0, file.Returns.Length).Where(i => double.IsFinite(file.Returns[i]))];
        return ([.. kept.Select(i => file.Returns[i] - cost)], file.Timestamps is { } times ? [.. kept.Select(i => times[i])] : null);
    }

    private static string Time(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
