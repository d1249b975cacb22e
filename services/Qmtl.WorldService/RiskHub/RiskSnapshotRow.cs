using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.WorldService.RiskHub;

/// <summary>The fields of a snapshot that rules ask for.</summary>
internal enum RiskField
{
    Weights,
    Covariance,
    RealizedReturns,
    Stress,
    Constraints,
}

/// <summary>A row of <c>ws_risk_snapshots</c>: portfolio and risk of a world as an outside producer saw them.</summary>
internal sealed record RiskSnapshotRow
{
    /// <summary>The name under which a bare list of returns stands: it is that of the world's portfolio.</summary>
    public const string Portfolio = "";

    // One period a trading day.
    private const double StandardPeriodsPerYear = 252;

    private RiskSnapshot? _snapshot;

    public string WorldId { get; init; } = "";

    public string Version { get; init; } = "";

    /// <summary>Counts the snapshots of the world from 1.</summary>
    public long Sequence { get; init; }

    public DateTimeOffset AsOf { get; init; }

    /// <summary>backtest, paper or live.</summary>
    public string Stage { get; init; } = "";

    /// <summary>The producer.</summary>
    public string Actor { get; init; } = "";

    public string Hash { get; init; } = "";

    public int TtlSec { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }

    public string Payload { get; init; } = "";

    /// <summary>The snapshot as stored: a large field may be a reference; <see cref="RiskSnapshots.ExpandAsync"/> brings it back.</summary>
    public RiskSnapshot Snapshot
    {
        get => _snapshot ??= Json.Read<RiskSnapshot>(Payload);
        init => _snapshot = value;
    }

    public TimeSpan Ttl => TimeSpan.FromSeconds(TtlSec);

    /// <summary>Whether a decision may rest on it.</summary>
    public bool IsFresh(DateTimeOffset now) => now < ExpiresAt;

    /// <summary>Whether the producer gave this field, inline or not.</summary>
    public bool HasField(RiskField field) => field switch
    {
        RiskField.Weights => Snapshot.Weights.Count > 0,
        RiskField.Covariance => Snapshot.Covariance.Count > 0 || Snapshot.CovarianceRef is not null,
        RiskField.RealizedReturns => Snapshot.RealizedReturns is not null || Snapshot.RealizedReturnsRef is not null,
        RiskField.Stress => Snapshot.Stress.Count > 0 || Snapshot.StressRef is not null,
        _ => Snapshot.Constraints is { Fields.Count: > 0 },
    };

    /// <summary>Symbol or strategy to its weight.</summary>
    public IReadOnlyDictionary<string, double> Weights => new Dictionary<string, double>(Snapshot.Weights, StringComparer.Ordinal);

    /// <summary>The covariance of two names per period, in either order; null when not given. The snapshot must be expanded.</summary>
    public double? Covariance(string first, string second)
    {
        ReadOnlySpan<string> keys = [$"{first},{second}", $"{second},{first}", $"{first}:{second}", $"{second}:{first}"];
        foreach (var key in keys)
        {
            if (Snapshot.Covariance.TryGetValue(key, out var value)) return value;
        }

        return null;
    }

    /// <summary>Series of realised returns by name, oldest first; a bare list stands under <see cref="Portfolio"/>. The snapshot must be expanded.</summary>
    public IReadOnlyDictionary<string, double[]> RealizedReturns => Snapshot.RealizedReturns switch
    {
        { KindCase: Value.KindOneofCase.ListValue } list => new Dictionary<string, double[]>(StringComparer.Ordinal) { [Portfolio] = Numbers(list) },
        { KindCase: Value.KindOneofCase.StructValue } named => named.StructValue.Fields.ToDictionary(pair => pair.Key, pair => Numbers(pair.Value), StringComparer.Ordinal),
        _ => new Dictionary<string, double[]>(StringComparer.Ordinal),
    };

    /// <summary>Periods of the realised returns in a year.</summary>
    public double PeriodsPerYear => Snapshot.PeriodsPerYear ?? StandardPeriodsPerYear;

    /// <summary>Scenario to metric to value. The snapshot must be expanded.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, double>> Stress => Snapshot.Stress.ToDictionary(
        pair => pair.Key,
        pair => (IReadOnlyDictionary<string, double>)pair.Value.Fields.ToDictionary(metric => metric.Key, metric => metric.Value.NumberValue, StringComparer.Ordinal),
        StringComparer.Ordinal);

    /// <summary>The free constraints; empty when there are none.</summary>
    public Struct Constraints => Snapshot.Constraints ?? new Struct();

    private static double[] Numbers(Value list) => [.. list.ListValue.Values.Select(value => value.NumberValue)];
}
