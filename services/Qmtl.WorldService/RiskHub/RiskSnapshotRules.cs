using System.Globalization;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.WorldService.RiskHub;

/// <summary>Who publishes, as the headers of the request say.</summary>
internal sealed record SnapshotHeaders(string Actor, string Stage)
{
    public const string ActorHeader = "x-actor";
    public const string StageHeader = "x-stage";
    public const string TokenHeader = "x-risk-hub-token";
}

/// <summary>What makes a snapshot worth storing. Pure.</summary>
internal static class RiskSnapshotRules
{
    public const int StandardTtlSec = 900;
    public const int MaxTtlSec = 86_400;
    public const int MaxSeriesPoints = 200_000;
    public const int MaxPoints = 1_000_000;
    private const int MaxName = 200;
    private const double WeightTolerance = 1e-3;

    private static readonly string[] Stages = ["backtest", "paper", "live"];

    /// <summary>
    /// The snapshot as it is stored, with defaults filled in and its hash; everything that does not fit is refused. References must have been
    /// replaced by what they stand for.
    /// </summary>
    public static RiskSnapshot Complete(RiskSnapshot given, string worldId, SnapshotHeaders headers, RiskHubOptions options, DateTimeOffset now)
    {
        var snapshot = given.Clone();
        SetWorld(snapshot, worldId);
        SetProvenance(snapshot, headers, options);
        CheckName(snapshot.Version, "/version");
        CheckContent(snapshot);
        SetTimes(snapshot, options, now);
        SetHash(snapshot);
        return snapshot;
    }

    /// <summary>The times a snapshot is good for.</summary>
    public static DateTimeOffset ExpiresAt(RiskSnapshot snapshot) => snapshot.CreatedAt.ToDateTimeOffset().AddSeconds(snapshot.TtlSec ?? StandardTtlSec);

    private static void SetWorld(RiskSnapshot snapshot, string worldId)
    {
        if (snapshot.WorldId.Length > 0 && !string.Equals(snapshot.WorldId, worldId, StringComparison.Ordinal))
        {
            throw Refuse.Field(ReasonCodes.SchemaInvalid, "/world_id", $"must be '{worldId}' as in the path, was '{snapshot.WorldId}'");
        }

        snapshot.WorldId = worldId;
    }

    private static void SetProvenance(RiskSnapshot snapshot, SnapshotHeaders headers, RiskHubOptions options)
    {
        CheckName(headers.Actor, "/provenance/actor");
        snapshot.Provenance ??= new SnapshotProvenance();
        snapshot.Provenance.Actor = Agreed(snapshot.Provenance.Actor, headers.Actor, "/provenance/actor", "X-Actor");
        snapshot.Provenance.Stage = Agreed(snapshot.Provenance.Stage, headers.Stage, "/provenance/stage", "X-Stage");
        var allowed = options.AllowedStages.Length > 0 ? options.AllowedStages : Stages;
        if (!Stages.Contains(headers.Stage, StringComparer.Ordinal) || !allowed.Contains(headers.Stage, StringComparer.Ordinal))
        {
            throw Refuse.Field("/provenance/stage", $"must be one of {string.Join(", ", allowed)}, was '{headers.Stage}'");
        }

        // The service vouching for itself would look fresh while no producer is alive.
        if (IsOwnService(headers.Actor)) throw Refuse.Field(ReasonCodes.SnapshotInvalid, "/provenance/actor", $"'{headers.Actor}' is the service itself; only an outside producer makes a snapshot fresh");
        if (options.AllowedActors.Length > 0 && !options.AllowedActors.Contains(headers.Actor, StringComparer.Ordinal))
        {
            throw new RefusalException(ReasonCodes.PermissionDenied, $"'{headers.Actor}' may not publish risk snapshots here; the operator of this service lists who may under {RiskHubOptions.Section}:AllowedActors.");
        }
    }

    private static bool IsOwnService(string actor)
    {
        var plain = actor.Trim().Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal);
        return plain.Equals("worldservice", StringComparison.OrdinalIgnoreCase) || plain.StartsWith("qmtl.services.", StringComparison.OrdinalIgnoreCase);
    }

    private static string Agreed(string inBody, string inHeader, string pointer, string header) =>
        inBody.Length == 0 || string.Equals(inBody, inHeader, StringComparison.Ordinal)
            ? inHeader
            : throw Refuse.Field(pointer, $"must be '{inHeader}' as the header {header} says, was '{inBody}'");

    private static void CheckContent(RiskSnapshot snapshot)
    {
        if (snapshot.AsOf is null) throw Invalid("/as_of", "is required: the time the figures are from");
        CheckWeights(snapshot.Weights);
        CovarianceRules.Check(snapshot.Covariance);
        CheckReturns(snapshot.RealizedReturns);
        if (snapshot.PeriodsPerYear is { } periods && !(periods > 0 && double.IsFinite(periods))) throw Invalid("/periods_per_year", "must be above 0");
        foreach (var (scenario, metrics) in snapshot.Stress) CheckStress(JsonPointer.Append("/stress", scenario), metrics);
        if (snapshot.Constraints is { } constraints) CheckFree(Value.ForStruct(constraints), "/constraints", 0);
    }

    private static void CheckWeights(MapField<string, double> weights)
    {
        if (weights.Count == 0) throw Invalid("/weights", "must name at least one symbol or strategy");
        foreach (var (name, weight) in weights)
        {
            var pointer = JsonPointer.Append("/weights", name);
            CheckName(name, pointer);
            if (!double.IsFinite(weight)) throw Invalid(pointer, "must be a finite number");
        }

        var sum = weights.Values.Sum();
        if (!(Math.Abs(sum - 1) <= WeightTolerance)) throw Invalid("/weights", string.Create(CultureInfo.InvariantCulture, $"must add up to 1 within {WeightTolerance}, added up to {sum:G9}"));
    }

    private static void CheckReturns(Value? returns)
    {
        switch (returns?.KindCase)
        {
            case null:
                return;
            case Value.KindOneofCase.ListValue:
                CheckSeries(returns, "/realized_returns");
                return;
            case Value.KindOneofCase.StructValue:
                foreach (var (name, series) in returns.StructValue.Fields) CheckSeries(series, JsonPointer.Append("/realized_returns", name));
                var points = returns.StructValue.Fields.Values.Sum(series => (long)series.ListValue.Values.Count);
                if (points > MaxPoints) throw Refuse.Field(ReasonCodes.TooLarge, "/realized_returns", $"may hold at most {MaxPoints} points, held {points}");
                return;
            default:
                throw Invalid("/realized_returns", "must be a list of returns, or series names with a list of returns each");
        }
    }

    private static void CheckSeries(Value series, string pointer)
    {
        if (series.KindCase != Value.KindOneofCase.ListValue) throw Invalid(pointer, "must be a list of returns");
        var values = series.ListValue.Values;
        if (values.Count == 0) throw Invalid(pointer, "must hold at least one return");
        if (values.Count > MaxSeriesPoints) throw Refuse.Field(ReasonCodes.TooLarge, pointer, $"may hold at most {MaxSeriesPoints} points, held {values.Count}");
        for (var i = 0; i < values.Count; i++)
        {
            if (values[i].KindCase != Value.KindOneofCase.NumberValue || !double.IsFinite(values[i].NumberValue)) throw Invalid($"{pointer}/{i}", "must be a finite number");
            if (values[i].NumberValue < -1) throw Invalid($"{pointer}/{i}", string.Create(CultureInfo.InvariantCulture, $"must not be below -1: more than everything cannot be lost, was {values[i].NumberValue}"));
        }
    }

    private static void CheckStress(string pointer, Struct metrics)
    {
        if (metrics.Fields.Count == 0) throw Invalid(pointer, "must name at least one metric");
        foreach (var (name, value) in metrics.Fields)
        {
            if (value.KindCase != Value.KindOneofCase.NumberValue || !double.IsFinite(value.NumberValue)) throw Invalid(JsonPointer.Append(pointer, name), "must be a finite number");
        }
    }

    private static void CheckFree(Value value, string pointer, int depth)
    {
        if (depth > 16) throw Invalid(pointer, "is nested deeper than 16 levels");
        switch (value.KindCase)
        {
            case Value.KindOneofCase.NumberValue when !double.IsFinite(value.NumberValue):
                throw Invalid(pointer, "must be a finite number");
            case Value.KindOneofCase.StructValue:
                foreach (var (name, inner) in value.StructValue.Fields) CheckFree(inner, JsonPointer.Append(pointer, name), depth + 1);
                break;
            case Value.KindOneofCase.ListValue:
                for (var i = 0; i < value.ListValue.Values.Count; i++) CheckFree(value.ListValue.Values[i], $"{pointer}/{i}", depth + 1);
                break;
            default:
                break;
        }
    }

    private static void SetTimes(RiskSnapshot snapshot, RiskHubOptions options, DateTimeOffset now)
    {
        snapshot.TtlSec ??= StandardTtlSec;
        if (snapshot.TtlSec is < 1 or > MaxTtlSec) throw Invalid("/ttl_sec", $"must be 1 to {MaxTtlSec}, was {snapshot.TtlSec}");
        CheckTime(snapshot.AsOf, "/as_of", options, now);
        if (snapshot.CreatedAt is not null) CheckTime(snapshot.CreatedAt, "/created_at", options, now);
        if (snapshot.CreatedAt is null || snapshot.CreatedAt.ToDateTimeOffset() > now) snapshot.CreatedAt = Timestamp.FromDateTimeOffset(now);
        if (ExpiresAt(snapshot) <= now)
        {
            throw Refuse.Field(ReasonCodes.SnapshotExpired, "/created_at", string.Create(CultureInfo.InvariantCulture, $"the snapshot expired {(now - ExpiresAt(snapshot)).TotalSeconds:F0} s ago; publish a newer one or a longer ttl_sec"));
        }
    }

    private static void CheckTime(Timestamp time, string pointer, RiskHubOptions options, DateTimeOffset now)
    {
        if (time.Nanos is < 0 or > 999_999_999 || time.Seconds is < -9_000_000_000 or > 9_000_000_000) throw Invalid(pointer, "must be an RFC 3339 time of the years 1685 to 2255");
        if (time.ToDateTimeOffset() > now + options.ClockTolerance) throw Invalid(pointer, "must not lie in the future; check the producer's clock");
    }

    private static void SetHash(RiskSnapshot snapshot)
    {
        var hash = RiskSnapshotHash.Of(snapshot);
        if (snapshot.Hash is { Length: > 0 } given && !string.Equals(given, hash, StringComparison.Ordinal))
        {
            throw new RefusalException(
                ReasonCodes.SnapshotHashMismatch,
                $"hash: must be {hash} for this content, was '{(given.Length <= 80 ? given : given[..80] + "...")}'; leave it out to have it computed.",
                [new FieldError("/hash", $"must be {hash}")],
                new Dictionary<string, string>(StringComparer.Ordinal) { ["expected"] = hash });
        }

        snapshot.Hash = hash;
    }

    private static void CheckName(string name, string pointer)
    {
        if (name.Length is 0 or > MaxName || name.Any(char.IsControl)) throw Invalid(pointer, $"must be 1 to {MaxName} printable characters");
    }

    private static RefusalException Invalid(string pointer, string message) => Refuse.Field(ReasonCodes.SnapshotInvalid, pointer, message);
}
