using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>JSON Schemas (draft 2020-12) of every event a subscriber may receive, made from the contract itself. Pure.</summary>
internal static class EventSchemas
{
    private const string Draft = "https://json-schema.org/draft/2020-12/schema";

    /// <summary>Types of events to the shape of their payload.</summary>
    public static IReadOnlyDictionary<string, MessageDescriptor> Payloads { get; } = new SortedDictionary<string, MessageDescriptor>(StringComparer.Ordinal)
    {
        ["activation_updated"] = ActivationUpdated.Descriptor,
        ["policy_updated"] = PolicyUpdated.Descriptor,
        ["policy_state_hash"] = PolicyStateHash.Descriptor,
        ["world_updated"] = WorldUpdated.Descriptor,
        ["validation_profile_changed"] = ValidationProfileChanged.Descriptor,
        ["evaluation_run_created"] = EvaluationRunChanged.Descriptor,
        ["evaluation_run_updated"] = EvaluationRunChanged.Descriptor,
        ["risk_snapshot_updated"] = RiskSnapshotUpdated.Descriptor,
        ["rebalancing_planned"] = RebalancingPlanned.Descriptor,
        ["queue_updated"] = QueueUpdated.Descriptor,
        ["queue_lifecycle"] = QueueLifecycle.Descriptor,
        ["sentinel_weight_updated"] = SentinelWeightUpdated.Descriptor,
        ["resync_required"] = ResyncRequired.Descriptor,
    };

    /// <summary>Each type with the schema of the whole CloudEvent.</summary>
    public static Struct All()
    {
        var all = new Struct();
        foreach (var (type, payload) in Payloads) all.Fields[type] = Value.ForStruct(Envelope(type, payload));
        return all;
    }

    private static Struct Envelope(string type, MessageDescriptor payload)
    {
        var definitions = new SortedDictionary<string, Struct>(StringComparer.Ordinal);
        var envelope = Object(CloudEvent.Descriptor, definitions);
        var properties = envelope.Fields["properties"].StructValue;
        properties.Fields["type"] = Value.ForStruct(Of(("const", Value.ForString(type))));
        properties.Fields["data"] = Reference(payload, definitions);
        envelope.Fields["$schema"] = Value.ForString(Draft);
        envelope.Fields["title"] = Value.ForString(type);
        envelope.Fields["required"] = Value.ForList([.. "specversion id source type time data".Split(' ').Select(Value.ForString)]);
        var all = new Struct();
        foreach (var (name, definition) in definitions) all.Fields[name] = Value.ForStruct(definition);
        envelope.Fields["$defs"] = Value.ForStruct(all);
        return envelope;
    }

    private static Struct Object(MessageDescriptor message, SortedDictionary<string, Struct> definitions)
    {
        var properties = new Struct();
        foreach (var field in message.Fields.InDeclarationOrder()) properties.Fields[field.Name] = Field(field, definitions);
        return Of(("type", Value.ForString("object")), ("properties", Value.ForStruct(properties)));
    }

    private static Value Field(FieldDescriptor field, SortedDictionary<string, Struct> definitions)
    {
        if (field.IsMap) return Value.ForStruct(Of(("type", Value.ForString("object")), ("additionalProperties", One(field.MessageType.FindFieldByNumber(2), definitions))));
        return field.IsRepeated ? Value.ForStruct(Of(("type", Value.ForString("array")), ("items", One(field, definitions)))) : One(field, definitions);
    }

    private static Value One(FieldDescriptor field, SortedDictionary<string, Struct> definitions) => field.FieldType switch
    {
        FieldType.String or FieldType.Bytes or FieldType.Enum => Type("string"),
        FieldType.Bool => Type("boolean"),
        FieldType.Double or FieldType.Float => Type("number"),
        FieldType.Message => Reference(field.MessageType, definitions),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 or FieldType.UInt64 or FieldType.Fixed64 =>
            Value.ForStruct(Of(("type", Value.ForList(Value.ForString("integer"), Value.ForString("string"))))),
        _ => Type("integer"),
    };

    private static Value Reference(MessageDescriptor message, SortedDictionary<string, Struct> definitions)
    {
        if (WellKnown(message.FullName) is { } known) return known;
        if (!definitions.ContainsKey(message.Name))
        {
            // Before its fields, which may refer to it.
            definitions[message.Name] = new Struct();
            definitions[message.Name] = Object(message, definitions);
        }

        return Value.ForStruct(Of(("$ref", Value.ForString($"#/$defs/{message.Name}"))));
    }

    private static Value? WellKnown(string name) => name switch
    {
        "google.protobuf.Timestamp" => Value.ForStruct(Of(("type", Value.ForString("string")), ("format", Value.ForString("date-time")))),
        "google.protobuf.Duration" or "google.protobuf.StringValue" => Type("string"),
        "google.protobuf.BoolValue" => Type("boolean"),
        "google.protobuf.DoubleValue" => Type("number"),
        "google.protobuf.Int32Value" or "google.protobuf.UInt32Value" => Type("integer"),
        "google.protobuf.Struct" => Type("object"),
        "google.protobuf.Value" => Value.ForStruct(new Struct()),
        _ => null,
    };

    private static Value Type(string name) => Value.ForStruct(Of(("type", Value.ForString(name))));

    private static Struct Of(params (string Name, Value Value)[] members)
    {
        var made = new Struct();
        foreach (var (name, value) in members) made.Fields[name] = value;
        return made;
    }
}
