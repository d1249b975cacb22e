using System.Collections;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Qmtl.Protos;

/// <summary>Reads JSON into messages and goes on after a fault, so that all of them can be told at once.</summary>
internal sealed class ProtoJsonReader
{
    /// <summary>Beyond this many a document is simply the wrong one.</summary>
    private const int MaxErrors = 32;

    private readonly List<ProtoJsonError> _errors = [];

    public void ThrowIfAny()
    {
        if (_errors.Count > 0) throw new ProtoJsonException(_errors);
    }

    public void Merge(IMessage message, JsonElement json, string pointer)
    {
        if (message is Struct fields)
        {
            if (Expect(json, JsonValueKind.Object, "an object", pointer)) fields.Fields.MergeFrom(ReadStruct(json, pointer).Fields);
            return;
        }

        if (!Expect(json, JsonValueKind.Object, "an object", pointer)) return;
        var seen = new HashSet<int>();
        foreach (var property in json.EnumerateObject())
        {
            var at = Append(pointer, property.Name);
            if (ProtoTypes.Find(message.Descriptor, property.Name) is not { } field) Fault(at, ProtoTypes.UnknownField(message.Descriptor, property.Name), isUnknownField: true);
            else if (!seen.Add(field.FieldNumber)) Fault(at, $"{field.Name} is given twice.");
            else ReadField(message, field, property.Value, at);
            if (_errors.Count >= MaxErrors) return;
        }
    }

    private void ReadField(IMessage message, FieldDescriptor field, JsonElement json, string pointer)
    {
        // Null means "not given", except where null is itself a value.
        if (json.ValueKind == JsonValueKind.Null && !(field.FieldType == FieldType.Message && !field.IsRepeated && IsFreeValue(field.MessageType))) return;
        if (field.RealContainingOneof is { } oneof && oneof.Accessor.GetCaseFieldDescriptor(message) is { } other)
            Fault(pointer, $"{field.Name} cannot stand beside {other.Name}.");
        else if (field.IsMap) ReadMap((IDictionary)field.Accessor.GetValue(message), field, json, pointer);
        else if (field.IsRepeated) ReadList((IList)field.Accessor.GetValue(message), field, json, pointer);
        else if (ReadValue(field, json, pointer) is { } value) field.Accessor.SetValue(message, value);
    }

    private void ReadMap(IDictionary map, FieldDescriptor field, JsonElement json, string pointer)
    {
        if (!Expect(json, JsonValueKind.Object, "an object", pointer)) return;
        var (keyField, valueField) = (field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
        foreach (var property in json.EnumerateObject())
        {
            var at = Append(pointer, property.Name);
            if (ProtoScalars.FromText(keyField, property.Name) is not { } key) Fault(at, $"The key must be {ProtoScalars.Expected(keyField)}.");
            else if (map.Contains(key)) Fault(at, $"\"{ProtoTypes.Shorten(property.Name)}\" is given twice.");
            else if (ReadElement(valueField, property.Value, at) is { } value) map.Add(key, value);
            if (_errors.Count >= MaxErrors) return;
        }
    }

    private void ReadList(IList list, FieldDescriptor field, JsonElement json, string pointer)
    {
        if (!Expect(json, JsonValueKind.Array, "a list", pointer)) return;
        var index = 0;
        foreach (var item in json.EnumerateArray())
        {
            if (ReadElement(field, item, string.Create(CultureInfo.InvariantCulture, $"{pointer}/{index++}")) is { } value) list.Add(value);
            if (_errors.Count >= MaxErrors) return;
        }
    }

    /// <summary>Inside a list or map, null has no meaning.</summary>
    private object? ReadElement(FieldDescriptor field, JsonElement json, string pointer)
    {
        if (json.ValueKind != JsonValueKind.Null || (field.FieldType == FieldType.Message && IsFreeValue(field.MessageType))) return ReadValue(field, json, pointer);
        Fault(pointer, "null is not allowed here; leave the entry out.");
        return null;
    }

    private object? ReadValue(FieldDescriptor field, JsonElement json, string pointer)
    {
        if (field.FieldType == FieldType.Message && !ProtoTypes.IsWrapper(field.MessageType)) return ReadMessage(field, json, pointer);
        var scalar = field.FieldType == FieldType.Message ? field.MessageType.FindFieldByNumber(1) : field;
        return ReadScalar(scalar, json) ?? Mismatch(field, json, pointer);
    }

    private static object? ReadScalar(FieldDescriptor field, JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.True => field.FieldType == FieldType.Bool ? true : null,
        JsonValueKind.False => field.FieldType == FieldType.Bool ? false : null,
        JsonValueKind.Number => IsNumber(field) ? ProtoScalars.FromText(field, json.GetRawText()) : field.FieldType == FieldType.Enum && json.TryGetInt32(out var number) ? number : null,
        JsonValueKind.String => field.FieldType == FieldType.Bool ? null : Text(json) is { } text ? ProtoScalars.FromText(field, text) : null,
        _ => null,
    };

    private object? ReadMessage(FieldDescriptor field, JsonElement json, string pointer)
    {
        switch (field.MessageType.FullName)
        {
            case ProtoTypes.Timestamp:
            case ProtoTypes.Duration:
                return (json.ValueKind == JsonValueKind.String && Text(json) is { } text ? ProtoScalars.FromText(field, text) : null) ?? Mismatch(field, json, pointer);
            case ProtoTypes.Value:
                return ReadFree(json, pointer);
            case ProtoTypes.ListValue:
                return Expect(json, JsonValueKind.Array, "a list", pointer) ? ReadFree(json, pointer).ListValue : null;
            default:
                var message = ProtoTypes.Create(field.MessageType);
                Merge(message, json, pointer);
                return message;
        }
    }

    private Struct ReadStruct(JsonElement json, string pointer)
    {
        var fields = new Struct();
        foreach (var property in json.EnumerateObject())
        {
            var at = Append(pointer, property.Name);
            if (fields.Fields.ContainsKey(property.Name)) Fault(at, $"\"{ProtoTypes.Shorten(property.Name)}\" is given twice.");
            else fields.Fields.Add(property.Name, ReadFree(property.Value, at));
            if (_errors.Count >= MaxErrors) break;
        }

        return fields;
    }

    private Value ReadFree(JsonElement json, string pointer)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.True: return Value.ForBool(true);
            case JsonValueKind.False: return Value.ForBool(false);
            case JsonValueKind.Object: return Value.ForStruct(ReadStruct(json, pointer));
            case JsonValueKind.Array: return Value.ForList([.. json.EnumerateArray().Select((item, index) => ReadFree(item, string.Create(CultureInfo.InvariantCulture, $"{pointer}/{index}")))]);
            case JsonValueKind.String when Text(json) is { } text: return Value.ForString(text);
            case JsonValueKind.Number when json.TryGetDouble(out var number) && double.IsFinite(number): return Value.ForNumber(number);
            case JsonValueKind.Null: return Value.ForNull();
            default:
                Fault(pointer, json.ValueKind == JsonValueKind.Number ? "The number is too large." : "The text is not valid Unicode.");
                return Value.ForNull();
        }
    }

    private object? Mismatch(FieldDescriptor field, JsonElement json, string pointer)
    {
        var was = json.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            _ => ProtoTypes.Shorten(json.GetRawText()),
        };
        Fault(pointer, $"{pointer[(pointer.LastIndexOf('/') + 1)..]} must be {ProtoScalars.Expected(field)}; was {was}.");
        return null;
    }

    private bool Expect(JsonElement json, JsonValueKind kind, string expected, string pointer)
    {
        if (json.ValueKind == kind) return true;
        Fault(pointer, $"{(pointer.Length == 0 ? "The document" : pointer[(pointer.LastIndexOf('/') + 1)..])} must be {expected}.");
        return false;
    }

    private void Fault(string pointer, string message, bool isUnknownField = false)
    {
        if (_errors.Count < MaxErrors) _errors.Add(new ProtoJsonError(pointer, message, isUnknownField));
    }

    private static bool IsFreeValue(MessageDescriptor type) => string.Equals(type.FullName, ProtoTypes.Value, StringComparison.Ordinal);

    private static bool IsNumber(FieldDescriptor field) => field.FieldType is not (FieldType.String or FieldType.Bytes or FieldType.Bool or FieldType.Enum or FieldType.Message);

    private static string Append(string pointer, string name) => $"{pointer}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    /// <summary>The text, or null when it has half a surrogate pair.</summary>
    private static string? Text(JsonElement json)
    {
        try
        {
            return json.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
