using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Runtime;
using Qmtl.Statistics;

namespace Qmtl.Client;

/// <summary>What a replay or given returns measure: the numbers, and the series behind them.</summary>
/// <param name="Values">Metrics by the names of the registry; undefined ones are absent.</param>
/// <param name="Returns">Returns, one a bar.</param>
/// <param name="Source"><c>explicit</c> or <c>replay</c>.</param>
internal sealed partial record Measurement(IReadOnlyDictionary<string, double> Values, IReadOnlyList<double> Returns, string Source)
{
    private static readonly string[] Windows = ["", "_short", "_mid", "_long"];

    /// <summary>Measures a replay: every metric of the registry over its standard windows, and whatever else the world's policy names.</summary>
    public static Measurement Of(ReplayResult replay, IReadOnlyList<double>? explicitReturns, Struct? policy)
    {
        var input = explicitReturns is null ? FromReplay(replay) : FromReturns(explicitReturns, replay);
        var names = MetricRegistry.All.Where(metric => metric.IsComputed).SelectMany(metric => Windows.Select(window => metric.Name + window)).Union(NamedIn(policy), StringComparer.Ordinal);
        var values = MetricRegistry.Compute(names, input)
            .Where(metric => metric.Value is { } value && double.IsFinite(value))
            .ToDictionary(metric => metric.Key, metric => metric.Value!.Value, StringComparer.Ordinal);
        return new Measurement(values, explicitReturns ?? input.Returns.ToArray(), explicitReturns is null ? "replay" : "explicit");
    }

    private static MetricInput FromReplay(ReplayResult replay)
    {
        var series = replay.Series;
        // A return ends at the bar behind it: n bars have n-1 returns.
        var times = series.Times[1..].ToArray();
        for (var i = 0; i < times.Length; i++) times[i] /= Data.BarTime.NanosecondsPerSecond;
        return new MetricInput
        {
            Timestamps = times,
            Returns = series.Returns,
            Weights = series.Weights[1..],
            BarsPerYear = replay.BarsPerYear,
            Trades = [.. series.Trades.Select(trade => new ClosedTrade(trade.ClosedAt / Data.BarTime.NanosecondsPerSecond, trade.NetProfit.ToDouble()))],
        };
    }

    private static MetricInput FromReturns(IReadOnlyList<double> returns, ReplayResult replay)
    {
        var bad = returns.Index().FirstOrDefault(item => !double.IsFinite(item.Item), (-1, 0));
        if (bad.Item1 >= 0)
            throw new RefusalException(ReasonCodes.InvalidArgument, $"Return {bad.Item1} is not a finite number; leave it out or correct it.", [new FieldError($"/returns/{bad.Item1}", "must be finite")]);
        var end = replay.Series.Times.Span[^1] / Data.BarTime.NanosecondsPerSecond;
        long[] times = [.. Enumerable.Range(0, returns.Count).Select(i => end - ((long)(returns.Count - 1 - i) * replay.IntervalSeconds))];
        return new MetricInput { Timestamps = times, Returns = returns.ToArray(), BarsPerYear = replay.BarsPerYear };
    }

    private static IEnumerable<string> NamedIn(Struct? policy) => policy is null
        ? []
        : Words().Matches(policy.ToString()).Select(match => match.Value).Where(MetricRegistry.Knows);

    [GeneratedRegex("[a-z][a-z0-9_]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Words();
}
