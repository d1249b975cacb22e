using System.Text.Json.Nodes;
using Qmtl.Messaging.Events;
using Qmtl.Messaging.Topics;

namespace Qmtl.Messaging.Tests;

public sealed class EventTests
{
    private static readonly DateTimeOffset Time = new(2024, 5, 6, 7, 8, 9, TimeSpan.FromHours(9));

    public static TheoryData<string, string, string, string, string> Catalogue => new()
    {
        { "activation_updated", """{"world_id":"w","etag":"e1","run_id":"r","entity_version":7}""", "activation", "w", "activation_updated:w:e1:r:7" },
        { "activation_ack", """{"world_id":"w","run_id":"r","sequence":3,"phase":"freeze"}""", "control.activation.ack", "w", "activation_ack:w:r:3:freeze:1" },
        { "activation_ack", """{"world_id":"w","run_id":"r","sequence":3,"phase":"freeze","consumer":"g1"}""", "control.activation.ack", "w", "activation_ack:w:r:3:freeze:g1:1" },
        { "apply_stage_reached", """{"world_id":"w","run_id":"r","phase":"freeze"}""", "audit", "w", "apply_stage_reached:w:r:freeze:1" },
        { "observer_announced", """{"consumer":"g1","sequence":2,"ttl_seconds":30}""", "control.activation.ack", "g1", "observer_announced:g1:2:1" },
        { "policy_updated", """{"world_id":"w","policy_version":2,"checksum":"c"}""", "policy", "w", "policy_updated:w:2:c:1" },
        { "world_updated", """{"world_id":"w","ts":"2026-01-05T00:00:00Z","entity_version":3}""", "policy", "w", "world_updated:w:2026-01-05T00:00:00Z:3" },
        { "validation_profile_changed", """{"world_id":"w","policy_version":2}""", "policy", "w", "validation_profile_changed:w:2:1" },
        { "evaluation_run_created", """{"world_id":"w","strategy_id":"s","run_id":"r"}""", "evaluation", "w", "evaluation_run_created:w:s:r:1" },
        { "evaluation_run_updated", """{"world_id":"w","strategy_id":"s","run_id":"r","change_type":"override","entity_version":4}""", "evaluation", "w", "evaluation_run_updated:w:s:r:override:4" },
        { "risk_snapshot_updated", """{"snapshot":{"world_id":"w","hash":"h"}}""", "risk", "w", "risk_snapshot_updated:w:h:1" },
        { "rebalancing_planned", """{"world_id":"w","plan":{"a":1}}""", "rebalancing", "w", "rebalancing_planned:w:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862:1" },
        { "queue_updated", """{"tags":["a","b"],"interval":60,"match_mode":"any","entity_version":5}""", "queue", "a,b", "queue_updated:a.b:60:any:5" },
        { "queue_lifecycle", """{"queue":"q","action":"drop","reason":"gc"}""", "queue", "q", "queue_lifecycle:q:drop:gc:1" },
        { "sentinel_weight_updated", """{"sentinel_id":"s","sentinel_version":"v2","weight":0.5}""", "sentinel_weight", "s", "sentinel_weight_updated:s:v2:0.500000:1" },
    };

    [Theory]
    [MemberData(nameof(Catalogue))]
    public void ToMessage_EveryType_HasItsTopicKeyAndIdentity(string type, string data, string topic, string key, string identity)
    {
        var message = ControlEvent.FromJson(type, "test", data).ToMessage(Time);

        Assert.Equal((topic, key, type), (message.Topic, message.Key, message.Type));
        Assert.Equal(identity, CloudEventEnvelope.Parse(message.Payload.Span).IdempotencyKey);
    }

    [Fact]
    public void Catalogue_NamesEveryTypeThereIs() =>
        Assert.Equal(EventCatalog.All.Select(type => type.Name).Order(StringComparer.Ordinal), Catalogue.Select(row => (string)((object[])row)[0]).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Topics_AreKeptAsLongAsTheirReadersNeedThem()
    {
        Assert.All(TopicCatalog.All.Where(topic => topic.IsControl), topic => Assert.Equal(TimeSpan.FromHours(24), topic.Retention));
        Assert.True(TopicCatalog.Find(TopicCatalog.ActivationAck) is { IsControl: true });
        Assert.Equal((TimeSpan.FromDays(7), true), (TopicCatalog.Find(TopicCatalog.GatewayIngest)!.Retention, TopicCatalog.Find(TopicCatalog.GatewayIngest)!.KeepUncommitted));
        Assert.Equal(TimeSpan.FromDays(90), TopicCatalog.Find(TopicCatalog.TradeFills)!.Retention);
        Assert.Equal(TopicCatalog.All.Where(topic => topic.IsControl).Select(topic => topic.Name).Order(StringComparer.Ordinal), EventCatalog.All.Select(type => type.Topic).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void RebalancingPlanned_SamePlanInOtherOrder_IsTheSameEvent()
    {
        string Identity(string plan) => ControlEvent.FromJson("rebalancing_planned", "test", $$"""{"world_id":"w","plan":{{plan}}}""").ToEnvelope(Time).IdempotencyKey;

        Assert.Equal(Identity("""{"a":1,"b":{"c":2,"d":3}}"""), Identity("""{"b":{"d":3,"c":2},"a":1}"""));
        Assert.NotEqual(Identity("""{"a":1}"""), Identity("""{"a":2}"""));
    }

    [Fact]
    public void ToJson_Envelope_IsCloudEvents10()
    {
        var json = JsonNode.Parse(ControlEvent.FromJson("policy_updated", "qmtl.test", """{"world_id":"w","policy_version":2,"checksum":"c"}""", "c-1").ToEnvelope(Time).ToJson())!;

        Assert.Equal(["specversion", "id", "source", "type", "time", "datacontenttype", "correlation_id", "data"], json.AsObject().Select(field => field.Key));
        Assert.Equal("1.0", json["specversion"]!.GetValue<string>());
        Assert.Equal("2024-05-05T22:08:09Z", json["time"]!.GetValue<string>());
        Assert.Equal(1, json["data"]!["version"]!.GetValue<int>());
    }

    [Fact]
    public void Parse_WhatWasWritten_IsEqual()
    {
        var envelope = ControlEvent.FromJson("activation_updated", "test", """{"world_id":"wé","etag":"e","entity_version":12}""", "c").ToEnvelope(Time);

        var read = CloudEventEnvelope.Parse(envelope.ToJson());

        Assert.Equal((envelope.Id, envelope.Source, envelope.Type, envelope.Time, envelope.CorrelationId), (read.Id, read.Source, read.Type, read.Time, read.CorrelationId));
        Assert.Equal((1, 12L), (read.SchemaVersion, read.EntityVersion));
        Assert.True(JsonNode.DeepEquals(envelope.Data, read.Data));
    }

    [Theory]
    [InlineData("unheard_of", "{}", "type")]
    [InlineData("policy_updated", """{"policy_version":2,"checksum":"c"}""", "world_id")]
    [InlineData("policy_updated", """{"world_id":"","policy_version":2,"checksum":"c"}""", "world_id")]
    [InlineData("policy_updated", """{"version":2,"world_id":"w","policy_version":2,"checksum":"c"}""", "version")]
    [InlineData("policy_updated", "[]", "data")]
    [InlineData("queue_updated", """{"tags":[],"interval":60,"match_mode":"any"}""", "tags")]
    [InlineData("rebalancing_planned", """{"world_id":"w"}""", "plan")]
    public void ToMessage_DoesNotFitTheCatalogue_IsRefusedByField(string type, string data, string field) =>
        Assert.Equal(field, Assert.Throws<EventRefusedException>(() => ControlEvent.FromJson(type, "test", data).ToMessage(Time)).Field);

    [Theory]
    [InlineData("""{""")]
    [InlineData("""[]""")]
    [InlineData("""{"specversion":"0.3","id":"1","source":"s","type":"t","time":"2024-01-01T00:00:00Z","data":{}}""")]
    [InlineData("""{"specversion":"1.0","source":"s","type":"t","time":"2024-01-01T00:00:00Z","data":{}}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"s","type":"t","time":"soon","data":{}}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"s","type":"t","time":"2024-01-01T00:00:00Z","data":1}""")]
    public void Parse_NotAnEnvelope_IsAFormatError(string json) => Assert.Throws<FormatException>(() => CloudEventEnvelope.Parse(System.Text.Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Catalogue_EveryControlTopic_HasAType() =>
        Assert.Equal(
            TopicCatalog.All.Where(topic => topic.IsControl).Select(topic => topic.Name).Order(StringComparer.Ordinal),
            EventCatalog.All.Select(type => type.Topic).Distinct().Order(StringComparer.Ordinal));

    // The values that Kafka's own tests pin.
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Hash_KnownKeys_IsThatOfKafka(string key, int expected) => Assert.Equal(expected, unchecked((int)KeyPartitioner.Hash(System.Text.Encoding.UTF8.GetBytes(key))));
}
