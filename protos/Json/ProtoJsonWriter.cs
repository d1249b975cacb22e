using System.Collections;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Qmtl.Protos;

/// <summary>Prints messages. Defaults are printed; what is absent, and numbers that are not finite, are left out.</summary>
internal static class ProtoJsonWriter
{
    public static void Message(Utf8JsonWriter json, IMessage message)
    {
        if (WellKnown(json, message)) return;
        json.WriteStartObject();
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            if (IsAbsent(message, field)) continue;
            json.WritePropertyName(field.Name);
            FieldValue(json, message, field);
        }

        json.WriteEndObject();
    }

    public static void FieldValue(Utf8JsonWriter json, IMessage message, FieldDescriptor field)
    {
        var value = field.Accessor.GetValue(message);
        if (field.IsMap) Map(json, (IDictionary)value, field);
        else if (field.IsRepeated) List(json, (IList)value, field);
        else Value(json, value, field);
    }

    private static bool IsAbsent(IMessage message, FieldDescriptor field)
    {
        if (field.IsRepeated || field.IsMap) return false;
        if (field.HasPresence && !field.Accessor.HasValue(message)) return true;
        return field.Accessor.GetValue(message) switch
        {
            null => true,
            double number => !double.IsFinite(number),
            float number => !float.IsFinite(number),
            _ => false,
        };
    }

    private static void Map(Utf8JsonWriter json, IDictionary map, FieldDescriptor field)
    {
        var valueField = field.MessageType.FindFieldByNumber(2);
        json.WriteStartObject();
        foreach (DictionaryEntry entry in map)
        {
            if (entry.Value is double number && !double.IsFinite(number)) continue;
            json.WritePropertyName(entry.Key is bool key ? (key ? "true" : "false") : Convert.ToString(entry.Key, CultureInfo.InvariantCulture)!);
            Value(json, entry.Value, valueField);
        }

        json.WriteEndObject();
    }

    private static void List(Utf8JsonWriter json, IList list, FieldDescriptor field)
    {
        json.WriteStartArray();
        foreach (var item in list) Value(json, item, field);
        json.WriteEndArray();
    }

    private static void Value(Utf8JsonWriter json, object? value, FieldDescriptor field)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case string text: json.WriteStringValue(text); break;
            case int number: if (field.FieldType == FieldType.Enum) EnumValue(json, number, field); else json.WriteNumberValue(number); break;
            case uint number: json.WriteNumberValue(number); break;
            case long number: Long(json, number, field); break;
            case ulong number: ULong(json, number, field); break;
            case double number: Number(json, number); break;
            case float number: Number(json, number); break;
            case ByteString bytes: json.WriteBase64StringValue(bytes.Span); break;
            case IMessage message: Message(json, message); break;
            default: EnumValue(json, Convert.ToInt32(value, CultureInfo.InvariantCulture), field); break;
        }
    }

    private static void EnumValue(Utf8JsonWriter json, int number, FieldDescriptor field)
    {
        if (field.EnumType.FindValueByNumber(number) is { } named) json.WriteStringValue(named.Name);
        else json.WriteNumberValue(number);
    }

    // A list keeps its length, so a number that is not finite becomes null there.
    private static void Number(Utf8JsonWriter json, double number)
    {
        if (double.IsFinite(number)) json.WriteNumberValue(number);
        else json.WriteNullValue();
    }

    private static void Number(Utf8JsonWriter json, float number)
    {
        if (float.IsFinite(number)) json.WriteNumberValue(number);
        else json.WriteNullValue();
    }

    private static void Long(Utf8JsonWriter json, long number, FieldDescriptor field)
    {
        if (PrintsAsNumber(field)) json.WriteNumberValue(number);
        else json.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
    }

    private static void ULong(Utf8JsonWriter json, ulong number, FieldDescriptor field)
    {
        if (PrintsAsNumber(field)) json.WriteNumberValue(number);
        else json.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Protobuf JSON prints 64-bit integers as strings; the standard field option asks for a number where people read it.</summary>
    private static bool PrintsAsNumber(FieldDescriptor field) => field.GetOptions()?.Jstype == FieldOptions.Types.JSType.JsNumber;

    private static bool WellKnown(Utf8JsonWriter json, IMessage message)
    {
        switch (message)
        {
            case Timestamp timestamp: json.WriteStringValue(ProtoTime.Text(timestamp)); return true;
            case Duration duration: json.WriteStringValue(ProtoTime.Text(duration)); return true;
            case Struct fields: StructFields(json, fields); return true;
            case Value value: Free(json, value); return true;
            case ListValue list: FreeList(json, list.Values); return true;
            default: return Wrapper(json, message);
        }
    }

    private static bool Wrapper(Utf8JsonWriter json, IMessage message)
    {
        if (!ProtoTypes.IsWrapper(message.Descriptor)) return false;
        FieldValue(json, message, message.Descriptor.FindFieldByNumber(1));
        return true;
    }

    private static void StructFields(Utf8JsonWriter json, Struct fields)
    {
        json.WriteStartObject();
        foreach (var (name, value) in fields.Fields)
        {
            if (value.KindCase == Google.Protobuf.WellKnownTypes.Value.KindOneofCase.NumberValue && !double.IsFinite(value.NumberValue)) continue;
            json.WritePropertyName(name);
            Free(json, value);
        }

        json.WriteEndObject();
    }

    private static void FreeList(Utf8JsonWriter json, IEnumerable<Value> values)
    {
        json.WriteStartArray();
        foreach (var value in values) Free(json, value);
        json.WriteEndArray();
    }

    private static void Free(Utf8JsonWriter json, Value value)
    {
        switch (value.KindCase)
        {
            case Google.Protobuf.WellKnownTypes.Value.KindOneofCase.BoolValue: json.WriteBooleanValue(value.BoolValue); break;
            case Google.Protobuf.WellKnownTypes.Value.KindOneofCase.NumberValue: Number(json, value.NumberValue); break;
            case Google.Protobuf.WellKnownTypes.Value.KindOneofCase.StringValue: json.WriteStringValue(value.StringValue); break;
            case Google.Protobuf.WellKnownTypes.Value.KindOneofCase.StructValue: StructFields(json, value.StructValue); break;
            case Google.Protobuf.WellKnownTypes.Value.KindOneofCase.ListValue: FreeList(json, value.ListValue.Values); break;
            default: json.WriteNullValue(); break;
        }
    }
}
