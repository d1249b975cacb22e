using System.Security.Cryptography;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Data;
using Qmtl.V1;

namespace Qmtl.Client;

/// <summary>What a submission says about its data: a recorded file is a fixed data set, pinned to its last bar.</summary>
/// <param name="NodeId">Id of the data.</param>
/// <param name="Fingerprint">Fingerprint of its rows.</param>
/// <param name="AsOf">Time of the last bar, RFC 3339.</param>
/// <param name="Start">Time of the first bar.</param>
/// <param name="End">Time of the last bar.</param>
/// <param name="Interval">Seconds between bars.</param>
/// <param name="Rows">Bars.</param>
internal sealed record DataFacts(string NodeId, string Fingerprint, string AsOf, DateTimeOffset Start, DateTimeOffset End, int Interval, int Rows)
{
    /// <summary>The facts of a data set.</summary>
    public static DataFacts Of(MarketData data)
    {
        var fingerprints = data.Series.Select(series => series.Fingerprint(DataId(series.Instrument, data.IntervalSeconds), data.IntervalSeconds)).ToArray();
        return new DataFacts(
            DataId(string.Join('+', data.Instruments), data.IntervalSeconds),
            fingerprints.Length == 1 ? fingerprints[0] : Combine(fingerprints),
            BarTime.Format(data.Times[^1]),
            BarTime.ToDateTimeOffset(data.Times[0]),
            BarTime.ToDateTimeOffset(data.Times[^1]),
            data.IntervalSeconds,
            data.Count);
    }

    /// <summary>The report that a world keeps of the data its strategies ran on.</summary>
    public HistoryReport Report(string strategyId, string worldId) => new()
    {
        StrategyId = strategyId,
        NodeId = NodeId,
        Interval = Interval,
        Rows = Rows,
        CoverageBounds = { Start.ToUnixTimeSeconds(), End.ToUnixTimeSeconds() },
        DatasetFingerprint = Fingerprint,
        AsOf = Timestamp.FromDateTimeOffset(End),
        WorldId = worldId,
    };

    /// <summary>What an evaluation records of the data.</summary>
    public EvaluationData EvaluationData(double barsPerYear) => new()
    {
        DatasetFingerprint = Fingerprint,
        AsOf = Timestamp.FromDateTimeOffset(End),
        DataStart = Timestamp.FromDateTimeOffset(Start),
        DataEnd = Timestamp.FromDateTimeOffset(End),
        PeriodsPerYear = barsPerYear,
    };

    private static string DataId(string instrument, int interval) => $"ohlcv:file:{instrument}:{interval}s";

    private static string Combine(string[] fingerprints) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', fingerprints.Order(StringComparer.Ordinal)))));
}
