using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Client;
using Qmtl.Data;
using Qmtl.Runtime;
using Qmtl.V1;

namespace Qmtl.Samples;

/// <summary>Measures the strategy on the bars up to now and asks its world what it thinks.</summary>
internal static class Observation
{
    public static async Task<string> MakeAsync(GatewayClient gateway, string world, string strategyId, MarketData bars, CancellationToken cancellation)
    {
        var replay = new KernelReplay().Run(new TrendFollower(), bars, GeneratedMarket.Costs, cancellation);
        var end = BarTime.ToDateTimeOffset(bars.Times[^1]);
        var request = new EvaluateRequest
        {
            WorldId = world,
            StrategyId = strategyId,
            RunId = $"{strategyId}-bar-{bars.Count}",
            Stage = "backtest",
            Metrics = { [strategyId] = Metrics(replay) },
            Series = { [strategyId] = new StrategySeries { Returns = { replay.Series.Returns.ToArray() } } },
            Data = new EvaluationData
            {
                DatasetFingerprint = bars.Series[0].Fingerprint("generated:BTC-USDT:1h", bars.IntervalSeconds),
                AsOf = Timestamp.FromDateTimeOffset(end),
                DataStart = Timestamp.FromDateTimeOffset(BarTime.ToDateTimeOffset(bars.Times[0])),
                DataEnd = Timestamp.FromDateTimeOffset(end),
                PeriodsPerYear = replay.BarsPerYear,
            },
        };
        var judged = await gateway.PostAsync<EvaluateResponse>($"worlds/{world}/evaluate", request, cancellation);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"bar {end:yyyy-MM-dd HH:mm} close {bars.Series[0].Close[^1]:0.00}: equity {replay.FinalEquity:0.00}, sharpe {replay.Sharpe:0.00}, judged {judged.Summary.Status}, {(judged.Active.Contains(strategyId) ? "active" : "inactive")}");
    }

    private static Struct Metrics(ReplayResult replay)
    {
        var metrics = new Struct();
        (string Name, double? Value)[] known = [("sharpe", replay.Sharpe), ("max_dd", replay.MaxDrawdown), ("trades", replay.Trades), ("winrate", replay.WinRate), ("profit_factor", replay.ProfitFactor)];
        foreach (var (name, value) in known)
        {
            // What is undefined is left out, never sent as some number.
            if (value is { } number) metrics.Fields[name] = Value.ForNumber(number);
        }

        return metrics;
    }
}
