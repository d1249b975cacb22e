using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;
using Qmtl.WorldService.RiskHub;

namespace Qmtl.WorldService.Tests.RiskHub;

/// <summary>What a snapshot must satisfy, and its hash.</summary>
public sealed class RiskSnapshotRulesTests
{
    private static readonly DateTimeOffset Now = new(2025, 1, 1, 0, 10, 0, TimeSpan.Zero);

    [Fact]
    public void Hash_OfTheGoldenSnapshot_IsThePublishedOne()
    {
        const string Json = """{"as_of":"2025-01-01T00:00:00Z","provenance":{"actor":"gw","stage":"paper"},"ttl_sec":900,"version":"v1","weights":{"a":0.6,"b":0.4},"world_id":"w1"}""";
        const string Expected = "blake3:8298790de34e4727889c518ece64c0844ef4fdee2bc9779479fd4bfd88efde2b";
        Assert.Equal(Expected, RiskSnapshotHash.Of(ProtoJson.Read<RiskSnapshot>(Json)));
        Assert.Equal(Expected, Complete(ProtoJson.Read<RiskSnapshot>(Json), "gw", "paper").Hash);
    }

    [Fact]
    public void Hash_EveryField_IsThatOfTheCanonicalJson()
    {
        var snapshot = ProtoJson.Read<RiskSnapshot>(
            """
            {"world_id":"w1","version":"v2","as_of":"2025-01-01T00:00:00+00:00","weights":{"ä":1},"covariance":{"a,a":0.04},"realized_returns":{"p":[0.5,1e-7]},
             "stress":{"crash":{"dd":0.3}},"constraints":{"n":2,"names":["x",null,true]},"ttl_sec":60,"provenance":{"actor":"p","stage":"live"}}
            """);

        // Written by hand: keys sorted, numbers as floating point, ttl_sec whole, outside of ASCII escaped.
        const string Canonical =
            """
            {"as_of":"2025-01-01T00:00:00Z","constraints":{"n":2.0,"names":["x",null,true]},"covariance":{"a,a":0.04},"provenance":{"actor":"p","stage":"live"},"realized_returns":{"p":[0.5,1e-07]},"stress":{"crash":{"dd":0.3}},"ttl_sec":60,"version":"v2","weights":{"\u00e4":1.0},"world_id":"w1"}
            """;
        Assert.Equal("blake3:" + Blake3.HashHex(Encoding.ASCII.GetBytes(Canonical)), RiskSnapshotHash.Of(snapshot));
    }

    [Fact]
    public void Complete_FillsInWhatIsLeftOut()
    {
        var complete = Complete(Plain());
        Assert.Equal(("w1", "risk-engine", "live", 900), (complete.WorldId, complete.Provenance.Actor, complete.Provenance.Stage, complete.TtlSec!.Value));
        Assert.Equal(Now, complete.CreatedAt.ToDateTimeOffset());
        Assert.Equal(Now.AddSeconds(900), RiskSnapshotRules.ExpiresAt(complete));
        var again = Complete(complete);
        Assert.Equal(complete, again);
    }

    [Theory]
    [InlineData("""{"version":""}""", "/version")]
    [InlineData("""{"as_of":null}""", "/as_of")]
    [InlineData("""{"as_of":"2025-01-01T00:10:06Z"}""", "/as_of")]
    [InlineData("""{"weights":null}""", "/weights")]
    [InlineData("""{"weights":{"a":0.6,"b":0.4011}}""", "/weights")]
    [InlineData("""{"covariance":{"ab":1}}""", "/covariance/ab")]
    [InlineData("""{"covariance":{"a,b":0.01,"a,a":1}}""", "/covariance")]
    [InlineData("""{"covariance":{"a,a":-0.01}}""", "/covariance")]
    [InlineData("""{"covariance":{"a,a":0.04,"b,b":0.04,"a,b":0.05}}""", "/covariance")]
    [InlineData("""{"covariance":{"a,a":0.04,"b,b":0.04,"a,b":0.01,"b,a":0.02}}""", "/covariance/b,a")]
    [InlineData("""{"covariance":{"a,a":1,"b,b":1,"c,c":1,"a,b":0.9,"b,c":0.9,"a,c":-0.9}}""", "/covariance")]
    [InlineData("""{"realized_returns":3}""", "/realized_returns")]
    [InlineData("""{"realized_returns":[]}""", "/realized_returns")]
    [InlineData("""{"realized_returns":{"a":[0.1,"x"]}}""", "/realized_returns/a/1")]
    [InlineData("""{"realized_returns":{"a":[0.1,-1.01]}}""", "/realized_returns/a/1")]
    [InlineData("""{"stress":{"crash":{}}}""", "/stress/crash")]
    [InlineData("""{"stress":{"crash":{"dd":"deep"}}}""", "/stress/crash/dd")]
    [InlineData("""{"ttl_sec":0}""", "/ttl_sec")]
    [InlineData("""{"ttl_sec":86401}""", "/ttl_sec")]
    [InlineData("""{"created_at":"2025-01-01T00:11:00Z"}""", "/created_at")]
    public void Complete_WhatDoesNotFit_NamesTheField(string change, string pointer)
    {
        var refused = Assert.Throws<RefusalException>(() => Complete(Changed(change)));
        Assert.Equal((422, pointer), (refused.Code.HttpStatus, Assert.Single(refused.Errors).Pointer));
    }

    [Fact]
    public void Complete_NumbersThatAreNotFinite_AreRefused()
    {
        var weights = Plain();
        weights.Weights["a"] = double.NaN;
        Assert.Equal("/weights/a", Assert.Single(Assert.Throws<RefusalException>(() => Complete(weights)).Errors).Pointer);
        var constraints = Plain();
        constraints.Constraints = new Struct { Fields = { ["deep"] = Value.ForList(Value.ForNumber(double.PositiveInfinity)) } };
        Assert.Equal("/constraints/deep/0", Assert.Single(Assert.Throws<RefusalException>(() => Complete(constraints)).Errors).Pointer);
    }

    [Fact]
    public void Complete_TooManyPoints_IsTooLarge()
    {
        var snapshot = Plain();
        snapshot.RealizedReturns = Value.ForList([.. Enumerable.Repeat(Value.ForNumber(0), RiskSnapshotRules.MaxSeriesPoints + 1)]);
        Assert.Equal(ReasonCodes.TooLarge, Assert.Throws<RefusalException>(() => Complete(snapshot)).Code);
    }

    [Fact]
    public void Complete_Expired_SaysByHowMuch()
    {
        var refused = Assert.Throws<RefusalException>(() => Complete(Changed("""{"created_at":"2025-01-01T00:09:00Z","ttl_sec":60}""")));
        Assert.Equal(ReasonCodes.SnapshotExpired, refused.Code);
        Assert.Contains("expired 0 s ago", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(Now.AddSeconds(1), RiskSnapshotRules.ExpiresAt(Complete(Changed("""{"created_at":"2025-01-01T00:09:00Z","ttl_sec":61}"""))));
    }

    [Fact]
    public void Complete_WrongHash_TellsTheRightOne()
    {
        var refused = Assert.Throws<RefusalException>(() => Complete(Changed("""{"hash":"blake3:00"}""")));
        Assert.Equal((ReasonCodes.SnapshotHashMismatch, Complete(Plain()).Hash), (refused.Code, refused.Metadata["expected"]));
    }

    [Theory]
    [InlineData("worldservice")]
    [InlineData("World-Service")]
    [InlineData("qmtl.services.worldservice")]
    public void Complete_TheServiceItself_MakesNothingFresh(string actor) =>
        Assert.Equal(ReasonCodes.SnapshotInvalid, Assert.Throws<RefusalException>(() => Complete(Plain(), actor)).Code);

    [Fact]
    public void Complete_BodyAgainstHeadersAndPath_IsRefused()
    {
        Assert.Equal("/provenance/actor", Assert.Single(Assert.Throws<RefusalException>(() => Complete(Changed("""{"provenance":{"actor":"other"}}"""))).Errors).Pointer);
        Assert.Equal("/provenance/stage", Assert.Single(Assert.Throws<RefusalException>(() => Complete(Changed("""{"provenance":{"stage":"paper"}}"""))).Errors).Pointer);
        Assert.Equal("/provenance/stage", Assert.Single(Assert.Throws<RefusalException>(() => Complete(Plain(), stage: "moon")).Errors).Pointer);
        Assert.Equal(400, Assert.Throws<RefusalException>(() => Complete(Changed("""{"world_id":"w2"}"""))).Code.HttpStatus);
        var options = new RiskHubOptions { AllowedActors = ["ann"] };
        Assert.Equal(ReasonCodes.PermissionDenied, Assert.Throws<RefusalException>(() => RiskSnapshotRules.Complete(Plain(), "w1", new SnapshotHeaders("bob", "live"), options, Now)).Code);
    }

    /// <summary>B B' is positive semidefinite for any B, of full rank or not.</summary>
    [Fact]
    public void Covariance_OfAnyFactor_IsAccepted() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.ArrayOf(Gen.Choose(-9, 9)).Where(numbers => numbers.Length > 0).ToArbitrary(),
        numbers =>
        {
            var n = Math.Max(1, (int)Math.Sqrt(numbers.Length));
            var columns = Math.Max(1, numbers.Length / n);
            var matrix = new double[n, n];
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j < n; j++) matrix[i, j] = Enumerable.Range(0, columns).Sum(k => numbers[((i * columns) + k) % numbers.Length] * 0.01 * numbers[((j * columns) + k) % numbers.Length]);
            }

            return CovarianceRules.IsPositiveSemidefinite(matrix);
        }));

    /// <summary>What has a direction of negative variance is found: a unit matrix less (1 + e) of one direction.</summary>
    [Fact]
    public void Covariance_WithANegativeDirection_IsRefused() => Check.QuickThrowOnFailure(Prop.ForAll(
        Gen.ArrayOf(Gen.Choose(-9, 9)).Where(numbers => numbers.Count(number => number != 0) > 1).ToArbitrary(),
        direction =>
        {
            var length = direction.Sum(number => number * number);
            var matrix = new double[direction.Length, direction.Length];
            for (var i = 0; i < direction.Length; i++)
            {
                for (var j = 0; j < direction.Length; j++) matrix[i, j] = (i == j ? 1 : 0) - (1.1 * direction[i] * direction[j] / length);
            }

            return !CovarianceRules.IsPositiveSemidefinite(matrix);
        }));

    private static RiskSnapshot Plain() => Changed("{}");

    private static RiskSnapshot Changed(string change)
    {
        var fields = System.Text.Json.Nodes.JsonNode.Parse("""{"version":"v1","as_of":"2025-01-01T00:00:00Z","weights":{"a":0.6,"b":0.4}}""")!.AsObject();
        foreach (var (name, value) in System.Text.Json.Nodes.JsonNode.Parse(change)!.AsObject()) fields[name] = value?.DeepClone();
        return ProtoJson.Read<RiskSnapshot>(fields.ToJsonString());
    }

    private static RiskSnapshot Complete(RiskSnapshot snapshot, string actor = "risk-engine", string stage = "live") =>
        RiskSnapshotRules.Complete(snapshot, "w1", new SnapshotHeaders(actor, stage), new RiskHubOptions(), Now);
}
