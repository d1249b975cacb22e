using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Data;
using Qmtl.Runtime;
using Qmtl.Statistics;
using Qmtl.Strategies;

namespace Qmtl.Client;

/// <summary>What a replay or stated returns measure: the numbers, and the series behind them.</summary>
/// <param name="Values">Metrics by the names of the registry; undefined ones are absent.</param>
/// <param name="Execution">What execution cost, by name; not sent to the world.</param>
/// <param name="Returns">Returns, one a bar.</param>
/// <param name="Source">Where they come from; <c>replay</c> or a source that was stated.</param>
/// <param name="BarsPerYear">Bars in a year.</param>
internal sealed partial record Measurement(
    IReadOnlyDictionary<string, double> Values, IReadOnlyDictionary<string, double> Execution, IReadOnlyList<double> Returns, string Source, double BarsPerYear)
{
    private const double DaysPerYear = 365;

    private static readonly string[] Windows = ["", "_short", "_mid", "_long"];

    /// <summary>Measures a replay: every metric of the registry over its standard windows, and whatever else the world's policy names.</summary>
    public static Measurement Of(ReplayResult replay, Struct? policy) => Of(FromReplay(replay), "replay", Of(replay), policy);

    /// <summary>Measures stated returns, less costs.</summary>
    public static Measurement Of(StatedReturns stated, MarketData data, double? barsPerYear, MeasurementCosts costs, Struct? policy)
    {
        var execution = costs.Execution;
        var cost = costs.PerPeriod + (execution?.AdjustmentPerPeriod(costs.Fills.Count, stated.Values.Length) ?? 0);
        int[] kept = [.. Enumerable.Range(0, stated.Values.Length).Where(i => double.IsFinite(stated.Values[i]))];
        var input = new MetricInput
        {
            Timestamps = kept.Select(i => stated.Times[i]).ToArray(),
            Returns = kept.Select(i => stated.Values[i] - cost).ToArray(),
            BarsPerYear = barsPerYear ?? TradingCalendars.Guess(data.Times, BarTime.NanosecondsPerSecond)?.BarsPerYear ?? DaysPerYear * Interval.MaxSeconds / data.IntervalSeconds,
        };
        return Of(input, stated.Source, Of(execution), policy);
    }

    private static Measurement Of(MetricInput input, string source, IReadOnlyDictionary<string, double> execution, Struct? policy)
    {
        var names = MetricRegistry.All.Where(metric => metric.IsComputed).SelectMany(metric => Windows.Select(window => metric.Name + window)).Union(NamedIn(policy), StringComparer.Ordinal);
        var values = MetricRegistry.Compute(names, input)
            .Where(metric => metric.Value is { } value && double.IsFinite(value))
            .ToDictionary(metric => metric.Key, metric => metric.Value!.Value, StringComparer.Ordinal);
        return new Measurement(values, execution, input.Returns.ToArray(), source, input.BarsPerYear!.Value);
    }

    private static Dictionary<string, double> Of(ReplayResult replay) => new(StringComparer.Ordinal)
    {
        ["execution_commission"] = replay.CommissionPaid,
        ["execution_slippage"] = replay.SlippagePaid,
        ["execution_total_cost"] = replay.CommissionPaid + replay.SlippagePaid,
    };

    private static Dictionary<string, double> Of(ExecutionCostReport? costs)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        if (costs is null) return values;
        (string Name, double? Value)[] all =
        [
            ("commission", costs.Commission), ("slippage", costs.Slippage), ("market_impact", costs.MarketImpact), ("total_cost", costs.Total),
            ("commission_bps", costs.CommissionBps), ("slippage_bps", costs.SlippageBps), ("market_impact_bps", costs.MarketImpactBps), ("shortfall_bps", costs.ShortfallBps),
        ];
        foreach (var (name, value) in all)
        {
            if (value is { } number && double.IsFinite(number)) values["execution_" + name] = number;
        }

        return values;
    }

    private static MetricInput FromReplay(ReplayResult replay)
    {
        var series = replay.Series;
        // A return ends at the bar behind it: n bars have n-1 returns.
        var times = series.Times[1..].ToArray();
        for (var i = 0; i < times.Length; i++) times[i] /= BarTime.NanosecondsPerSecond;
        return new MetricInput
        {
            Timestamps = times,
            Returns = series.Returns,
            Weights = series.Weights[1..],
            BarsPerYear = replay.BarsPerYear,
            Trades = [.. series.Trades.Select(trade => new ClosedTrade(trade.ClosedAt / BarTime.NanosecondsPerSecond, trade.NetProfit.ToDouble()))],
        };
    }

    private static IEnumerable<string> NamedIn(Struct? policy) => policy is null
        ? []
        : Words().Matches(policy.ToString()).Select(match => match.Value).Where(MetricRegistry.Knows);

    [GeneratedRegex("[a-z][a-z0-9_]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Words();
}
