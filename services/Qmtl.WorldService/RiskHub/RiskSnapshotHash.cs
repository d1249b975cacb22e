using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.WorldService.RiskHub;

/// <summary>The identity of a snapshot's content: the stable hash over its JSON without <c>hash</c>, <c>created_at</c> and what is absent. Pure.</summary>
/// <remarks>
/// Large fields count as if they stood inline, so that the hash does not depend on where they lie. Numbers are written as floating point
/// (<c>1.0</c>), only <c>ttl_sec</c> as a whole number; times as UTC with <c>Z</c>.
/// </remarks>
internal static class RiskSnapshotHash
{
    public static string Of(RiskSnapshot snapshot)
    {
        var members = new List<KeyValuePair<string, CanonicalValue>>
        {
            KeyValuePair.Create("world_id", CanonicalValue.Of(snapshot.WorldId)),
            KeyValuePair.Create("version", CanonicalValue.Of(snapshot.Version)),
        };
        if (snapshot.AsOf is { } asOf) members.Add(KeyValuePair.Create("as_of", CanonicalValue.Of(ProtoTime.Text(asOf))));
        if (snapshot.TtlSec is { } ttl) members.Add(KeyValuePair.Create("ttl_sec", CanonicalValue.Of((long)ttl)));
        if (snapshot.PeriodsPerYear is { } periods) members.Add(KeyValuePair.Create("periods_per_year", CanonicalValue.Of(periods)));
        if (snapshot.Weights.Count > 0) members.Add(KeyValuePair.Create("weights", Numbers(snapshot.Weights)));
        if (snapshot.Covariance.Count > 0) members.Add(KeyValuePair.Create("covariance", Numbers(snapshot.Covariance)));
        if (snapshot.RealizedReturns is { } returns) members.Add(KeyValuePair.Create("realized_returns", Free(returns)));
        if (snapshot.Stress.Count > 0) members.Add(KeyValuePair.Create("stress", CanonicalValue.Map(snapshot.Stress.Select(pair => KeyValuePair.Create(pair.Key, Free(pair.Value))))));
        if (snapshot.Constraints is { } constraints) members.Add(KeyValuePair.Create("constraints", Free(constraints)));
        if (snapshot.Provenance is { } provenance)
        {
            members.Add(KeyValuePair.Create("provenance", CanonicalValue.Map(("actor", CanonicalValue.Of(provenance.Actor)), ("stage", CanonicalValue.Of(provenance.Stage)))));
        }

        return ContentHash.OfRiskSnapshot(CanonicalValue.Map(members));
    }

    private static CanonicalValue Numbers(IEnumerable<KeyValuePair<string, double>> values) =>
        CanonicalValue.Map(values.Select(pair => KeyValuePair.Create(pair.Key, CanonicalValue.Of(pair.Value))));

    private static CanonicalValue Free(Struct fields) => CanonicalValue.Map(fields.Fields.Select(pair => KeyValuePair.Create(pair.Key, Free(pair.Value))));

    private static CanonicalValue Free(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.NumberValue => CanonicalValue.Of(value.NumberValue),
        Value.KindOneofCase.StringValue => CanonicalValue.Of(value.StringValue),
        Value.KindOneofCase.BoolValue => CanonicalValue.Of(value.BoolValue),
        Value.KindOneofCase.StructValue => Free(value.StructValue),
        Value.KindOneofCase.ListValue => CanonicalValue.List(value.ListValue.Values.Select(Free)),
        _ => CanonicalValue.Null,
    };
}
