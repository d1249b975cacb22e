using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging.Events;

/// <summary>Something that others must learn: its type decides topic, order and identity.</summary>
/// <param name="Type">A type of <see cref="EventCatalog"/>.</param>
/// <param name="Source">Who says it, such as <c>qmtl.services.worldservice</c>.</param>
/// <param name="Data">The payload. <c>version</c> is filled in when absent, <c>idempotency_key</c> always.</param>
public sealed record ControlEvent(string Type, string Source, JsonObject Data)
{
    /// <summary>Ties together what one request caused.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>An event whose payload is the JSON of a protobuf message, with proto field names.</summary>
    public static ControlEvent FromJson(string type, string source, string json, string? correlationId = null) =>
        new(type, source, JsonNode.Parse(json) as JsonObject ?? throw new EventRefusedException(type, "data", "must be a JSON object")) { CorrelationId = correlationId };

    /// <summary>The envelope, complete and checked against the catalogue.</summary>
    /// <exception cref="EventRefusedException">The type is unknown, a field that keys need is missing, or a version is another one.</exception>
    public CloudEventEnvelope ToEnvelope(DateTimeOffset time)
    {
        var type = Known();
        if (string.IsNullOrWhiteSpace(Source)) throw new EventRefusedException(Type, "source", "is missing");
        var data = (JsonObject)Data.DeepClone();
        var version = data["version"]?.ToJsonString() ?? "0";
        if (version is "0") data["version"] = type.SchemaVersion;
        else if (!string.Equals(version, type.SchemaVersion.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal))
            throw new EventRefusedException(Type, "version", $"is the version of the payload's shape and must be {type.SchemaVersion}, was {version}; the version of the thing is entity_version");
        // Two producers of one event must agree on its identity, so it is always computed here.
        data["idempotency_key"] = type.IdempotencyKey(new EventData(Type, data));
        return new CloudEventEnvelope(Guid.CreateVersion7(time).ToString(), Source, Type, time.ToUniversalTime(), data, CorrelationId);
    }

    /// <summary>The message for the log.</summary>
    /// <inheritdoc cref="ToEnvelope"/>
    public BusMessage ToMessage(DateTimeOffset time)
    {
        var envelope = ToEnvelope(time);
        var type = Known();
        return new BusMessage(type.Topic, type.Key(new EventData(Type, envelope.Data)), Type, envelope.ToJson());
    }

    private EventType Known() => EventCatalog.Find(Type) ?? throw new EventRefusedException(Type, "type", "is not in the catalogue");
}

/// <summary>A CloudEvents 1.0 envelope in JSON.</summary>
/// <param name="Id">Unique.</param>
/// <param name="Source">Who says it.</param>
/// <param name="Type">What it is.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Data">The payload.</param>
/// <param name="CorrelationId">Ties together what one request caused.</param>
public sealed record CloudEventEnvelope(string Id, string Source, string Type, DateTimeOffset Time, JsonObject Data, string? CorrelationId)
{
    private const string SpecVersion = "1.0";
    private const string DataType = "application/json";
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The version of the payload's shape.</summary>
    public int SchemaVersion => Data["version"] is JsonValue value && value.TryGetValue<int>(out var version) ? version : 0;

    /// <summary>The version of the thing that the event is about; null when it has none.</summary>
    public long? EntityVersion => Data["entity_version"] is JsonValue value && value.TryGetValue<long>(out var version) ? version : null;

    /// <summary>Equal for two copies of one event.</summary>
    public string IdempotencyKey => Data["idempotency_key"] is JsonValue value && value.TryGetValue<string>(out var key) && key.Length > 0 ? key : Id;

    /// <summary>As it travels.</summary>
    public byte[] ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteString("specversion", SpecVersion);
            json.WriteString("id", Id);
            json.WriteString("source", Source);
            json.WriteString("type", Type);
            json.WriteString("time", Time.UtcDateTime);
            json.WriteString("datacontenttype", DataType);
            if (CorrelationId is not null) json.WriteString("correlation_id", CorrelationId);
            json.WritePropertyName("data");
            Data.WriteTo(json);
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    /// <summary>Reads an envelope.</summary>
    /// <exception cref="FormatException">With what is wrong with it.</exception>
    public static CloudEventEnvelope Parse(ReadOnlySpan<byte> json)
    {
        JsonObject envelope;
        try
        {
            envelope = JsonNode.Parse(json) as JsonObject ?? throw new FormatException("The event is not a JSON object.");
        }
        catch (JsonException error)
        {
            throw new FormatException($"The event is not JSON: {error.Message}", error);
        }
        if (!string.Equals(Text(envelope, "specversion"), SpecVersion, StringComparison.Ordinal)) throw new FormatException($"The event's specversion was {Text(envelope, "specversion")}; it must be {SpecVersion}.");
        if (envelope["data"] is not JsonObject data) throw new FormatException("The event's data is not a JSON object.");
        if (!DateTimeOffset.TryParse(Text(envelope, "time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            throw new FormatException($"The event's time was {Text(envelope, "time")}; it must be an RFC 3339 time.");
        envelope.Remove("data");
        return new CloudEventEnvelope(Text(envelope, "id"), Text(envelope, "source"), Text(envelope, "type"), time, data, envelope.ContainsKey("correlation_id") ? Text(envelope, "correlation_id") : null);
    }

    /// <inheritdoc/>
    public override string ToString() => Encoding.UTF8.GetString(ToJson());

    private static string Text(JsonObject envelope, string name) =>
        envelope[name] is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : throw new FormatException($"The event has no {name}.");
}
