using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Qmtl.Messaging.Topics;

namespace Qmtl.Messaging.Events;

/// <summary>What the bus knows of one type of event.</summary>
/// <param name="Name">As the envelope's <c>type</c> says it.</param>
/// <param name="Topic">The one topic that takes it.</param>
/// <param name="SchemaVersion">The version of the payload's shape, in its field <c>version</c>.</param>
/// <param name="Key">Events of one key keep their order.</param>
/// <param name="IdempotencyKey">Equal for two copies of one event, different for two events.</param>
public sealed record EventType(string Name, string Topic, int SchemaVersion, Func<EventData, string> Key, Func<EventData, string> IdempotencyKey);

/// <summary>Reads the fields of a payload that keys are made of.</summary>
public sealed class EventData(string type, JsonObject data)
{
    /// <summary>The version in keys: of the thing, when it has one; else of the payload's shape.</summary>
    public string Version => Optional("entity_version") ?? Text("version");

    /// <summary>A field as text.</summary>
    /// <exception cref="EventRefusedException">The field is missing.</exception>
    public string Text(string path) => Optional(path) is { Length: > 0 } text ? text : throw Missing(path);

    /// <summary>A field as text, empty when it is missing.</summary>
    public string TextOrEmpty(string path) => Optional(path) ?? "";

    /// <summary>A list of texts.</summary>
    public string Joined(string path, char separator) =>
        Node(path) is JsonArray { Count: > 0 } list ? string.Join(separator, list.Select(Plain)) : throw Missing(path);

    /// <summary>A number with six decimals, so that 0.5 and 0.500 are one.</summary>
    public string SixDecimals(string path) =>
        double.TryParse(Optional(path) ?? "0", NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number.ToString("F6", CultureInfo.InvariantCulture)
            : throw new EventRefusedException(type, path, "must be a number");

    /// <summary>SHA-256 of a part of the payload, the order of whose fields does not matter.</summary>
    public string Digest(string path) =>
        Node(path) is { } part ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sorted(part)!.ToJsonString()))) : throw Missing(path);

    private string? Optional(string path) => Node(path) is JsonValue value ? Plain(value) : null;

    private JsonNode? Node(string path)
    {
        JsonNode? node = data;
        foreach (var name in path.Split('.')) node = (node as JsonObject)?[name];
        return node;
    }

    private static string? Plain(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : node?.ToJsonString();

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => KeyValuePair.Create(field.Key, Sorted(field.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    private EventRefusedException Missing(string path) => new(type, path, "is missing");
}

/// <summary>The event does not fit the catalogue; it was not sent.</summary>
public sealed class EventRefusedException(string type, string field, string problem)
    : ArgumentException($"Event {type} is refused: {field} {problem}.")
{
    /// <summary>The event's type.</summary>
    public string EventType { get; } = type;

    /// <summary>What is wrong about it.</summary>
    public string Field { get; } = field;
}

/// <summary>Every type of event, its topic, its order and its identity.</summary>
public static class EventCatalog
{
    private static readonly Dictionary<string, EventType> ByName = new[]
    {
        World("activation_updated", TopicCatalog.Activation, d => $"{d.Text("world_id")}:{d.Text("etag")}:{d.TextOrEmpty("run_id")}"),
        World("activation_ack", TopicCatalog.ActivationAck, d => $"{d.Text("world_id")}:{d.Text("run_id")}:{d.Text("sequence")}:{d.Text("phase")}{(d.TextOrEmpty("consumer") is { Length: > 0 } consumer ? ":" + consumer : "")}"),
        Keyed("observer_announced", TopicCatalog.ActivationAck, d => d.Text("consumer"), d => $"{d.Text("consumer")}:{d.Text("sequence")}"),
        World("apply_stage_reached", TopicCatalog.Audit, d => $"{d.Text("world_id")}:{d.Text("run_id")}:{d.Text("phase")}"),
        World("policy_updated", TopicCatalog.Policy, d => $"{d.Text("world_id")}:{d.Text("policy_version")}:{d.Text("checksum")}"),
        World("world_updated", TopicCatalog.Policy, d => $"{d.Text("world_id")}:{d.Text("ts")}"),
        World("validation_profile_changed", TopicCatalog.Policy, d => $"{d.Text("world_id")}:{d.Text("policy_version")}"),
        World("evaluation_run_created", TopicCatalog.Evaluation, d => $"{d.Text("world_id")}:{d.Text("strategy_id")}:{d.Text("run_id")}"),
        World("evaluation_run_updated", TopicCatalog.Evaluation, d => $"{d.Text("world_id")}:{d.Text("strategy_id")}:{d.Text("run_id")}:{d.Text("change_type")}"),
        Keyed("risk_snapshot_updated", TopicCatalog.Risk, d => d.Text("snapshot.world_id"), d => $"{d.Text("snapshot.world_id")}:{d.Text("snapshot.hash")}"),
        World("rebalancing_planned", TopicCatalog.Rebalancing, d => $"{d.Text("world_id")}:{d.Digest("plan")}"),
        Keyed("queue_updated", TopicCatalog.Queue, d => d.Joined("tags", ','), d => $"{d.Joined("tags", '.')}:{d.Text("interval")}:{d.Text("match_mode")}"),
        Keyed("queue_lifecycle", TopicCatalog.Queue, d => d.Text("queue"), d => $"{d.Text("queue")}:{d.Text("action")}:{d.Text("reason")}"),
        Keyed("sentinel_weight_updated", TopicCatalog.SentinelWeight, d => d.Text("sentinel_id"), d => $"{d.Text("sentinel_id")}:{d.TextOrEmpty("sentinel_version")}:{d.SixDecimals("weight")}"),
    }.ToDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>All types.</summary>
    public static IReadOnlyCollection<EventType> All => ByName.Values;

    /// <summary>The type, or null.</summary>
    public static EventType? Find(string name) => ByName.GetValueOrDefault(name);

    private static EventType World(string name, string topic, Func<EventData, string> identity) => Keyed(name, topic, data => data.Text("world_id"), identity);

    private static EventType Keyed(string name, string topic, Func<EventData, string> key, Func<EventData, string> identity) =>
        new(name, topic, 1, key, data => $"{name}:{identity(data)}:{data.Version}");
}
