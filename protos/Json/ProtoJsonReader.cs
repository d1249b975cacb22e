using System.Buffers;
using System.Collections;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace Qmtl.Protos;

/// <summary>Reads JSON into messages in one pass, and goes on after a fault, so that all of them can be told at once.</summary>
/// <remarks>Each method is called on the first token of its value and leaves the reader on the last, unless there are too many faults to go on.</remarks>
internal sealed class ProtoJsonReader
{
    /// <summary>Beyond this many a document is simply the wrong one.</summary>
    private const int MaxErrors = 32;

    private static readonly JsonReaderOptions Strict = new() { MaxDepth = 64 };

    private readonly List<ProtoJsonError> _errors = [];
    private readonly ProtoJsonPath _path = new();
    private readonly ProtoJsonNames _names = new();

    private bool IsHopeless => _errors.Count >= MaxErrors;

    public static void Merge(IMessage message, ReadOnlySpan<byte> utf8)
    {
        var json = new Utf8JsonReader(utf8, Strict);
        var reader = new ProtoJsonReader();
        json.Read();
        reader.ReadObject(message, ref json);

        // Text that is not JSON is refused as such, whatever else is wrong with it.
        while (json.Read())
        {
        }

        if (reader._errors.Count > 0) throw new ProtoJsonException(reader._errors);
    }

    /// <summary>The text, or null when it has half a surrogate pair or bytes that are not UTF-8.</summary>
    public static string? Text(ref Utf8JsonReader json)
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

    private void ReadObject(IMessage message, ref Utf8JsonReader json)
    {
        if (!Expect(ref json, JsonTokenType.StartObject, "an object")) return;
        if (message is Struct fields)
        {
            ReadStruct(fields.Fields, ref json);
            return;
        }

        var type = message.Descriptor;
        Span<bool> seen = stackalloc bool[type.Fields.InDeclarationOrder().Count];
        while (Next(ref json) is { } name)
        {
            if (ProtoTypes.Find(type, name) is not { } field) Refuse(ref json, ProtoTypes.UnknownField(type, name), isUnknownField: true);
            else if (seen[field.Index]) Refuse(ref json, $"{field.Name} is given twice.");
            else
            {
                seen[field.Index] = true;
                ReadField(message, field, ref json);
            }

            if (IsHopeless) return;
            _path.Leave();
        }
    }

    private void ReadField(IMessage message, FieldDescriptor field, ref Utf8JsonReader json)
    {
        // Null means "not given", except where null is itself a value.
        if (json.TokenType == JsonTokenType.Null && !(field.FieldType == FieldType.Message && !field.IsRepeated && IsFreeValue(field.MessageType))) return;
        if (field.RealContainingOneof is { } oneof && oneof.Accessor.GetCaseFieldDescriptor(message) is { } other)
            Refuse(ref json, $"{field.Name} cannot stand beside {other.Name}.");
        else if (field.IsMap) ReadMap((IDictionary)field.Accessor.GetValue(message), field, ref json);
        else if (field.IsRepeated) ReadList((IList)field.Accessor.GetValue(message), field, ref json);
        else if (ReadValue(field, ref json) is { } value) field.Accessor.SetValue(message, value);
    }

    private void ReadMap(IDictionary map, FieldDescriptor field, ref Utf8JsonReader json)
    {
        if (!Expect(ref json, JsonTokenType.StartObject, "an object")) return;
        var (keyField, valueField) = (field.MessageType.FindFieldByNumber(1), field.MessageType.FindFieldByNumber(2));
        while (Next(ref json) is { } name)
        {
            if (ProtoScalars.FromText(keyField, name) is not { } key) Refuse(ref json, $"The key must be {ProtoScalars.Expected(keyField)}.");
            else if (map.Contains(key)) Refuse(ref json, $"\"{ProtoTypes.Shorten(name)}\" is given twice.");
            else if (ReadElement(valueField, ref json) is { } value) map.Add(key, value);
            if (IsHopeless) return;
            _path.Leave();
        }
    }

    private void ReadList(IList list, FieldDescriptor field, ref Utf8JsonReader json)
    {
        if (!Expect(ref json, JsonTokenType.StartArray, "a list")) return;
        _path.EnterList();
        if (list is RepeatedField<double> numbers) ReadNumbers(numbers, field, ref json);
        else
        {
            for (var index = 0; Next(ref json, index); index++)
            {
                if (ReadElement(field, ref json) is { } value) list.Add(value);
                if (IsHopeless) return;
            }
        }

        _path.Leave();
    }

    /// <summary>Series of a hundred thousand numbers: without an object for each, and without growing the list in steps.</summary>
    private void ReadNumbers(RepeatedField<double> list, FieldDescriptor field, ref Utf8JsonReader json)
    {
        var numbers = ArrayPool<double>.Shared.Rent(256);
        var count = 0;
        for (var index = 0; Next(ref json, index) && !IsHopeless; index++)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetDouble(out var number) || !double.IsFinite(number))
            {
                if (ReadElement(field, ref json) is not double other) continue;
                number = other;
            }

            if (count == numbers.Length)
            {
                var larger = ArrayPool<double>.Shared.Rent(count * 2);
                numbers.CopyTo(larger, 0);
                ArrayPool<double>.Shared.Return(numbers);
                numbers = larger;
            }

            numbers[count++] = number;
        }

        list.AddRange(new ArraySegment<double>(numbers, 0, count));
        ArrayPool<double>.Shared.Return(numbers);
    }

    /// <summary>Inside a list or map, null has no meaning.</summary>
    private object? ReadElement(FieldDescriptor field, ref Utf8JsonReader json)
    {
        if (json.TokenType != JsonTokenType.Null || (field.FieldType == FieldType.Message && IsFreeValue(field.MessageType))) return ReadValue(field, ref json);
        Fault("null is not allowed here; leave the entry out.");
        return null;
    }

    private object? ReadValue(FieldDescriptor field, ref Utf8JsonReader json)
    {
        if (field.FieldType == FieldType.Message && !ProtoTypes.IsWrapper(field.MessageType)) return ReadMessage(field, ref json);
        var scalar = field.FieldType == FieldType.Message ? field.MessageType.FindFieldByNumber(1) : field;
        return ReadScalar(scalar, ref json) ?? Mismatch(field, ref json);
    }

    private static object? ReadScalar(FieldDescriptor field, ref Utf8JsonReader json) => json.TokenType switch
    {
        JsonTokenType.True => field.FieldType == FieldType.Bool ? true : null,
        JsonTokenType.False => field.FieldType == FieldType.Bool ? false : null,
        JsonTokenType.Number when field.FieldType == FieldType.Double => json.TryGetDouble(out var number) && double.IsFinite(number) ? number : null,
        JsonTokenType.Number => IsNumber(field) ? ProtoScalars.FromText(field, Encoding.UTF8.GetString(json.ValueSpan)) : field.FieldType == FieldType.Enum && json.TryGetInt32(out var number) ? number : null,
        JsonTokenType.String => field.FieldType == FieldType.Bool ? null : Text(ref json) is { } text ? ProtoScalars.FromText(field, text) : null,
        _ => null,
    };

    private object? ReadMessage(FieldDescriptor field, ref Utf8JsonReader json)
    {
        switch (field.MessageType.FullName)
        {
            case ProtoTypes.Timestamp:
            case ProtoTypes.Duration:
                return (json.TokenType == JsonTokenType.String && Text(ref json) is { } text ? ProtoScalars.FromText(field, text) : null) ?? Mismatch(field, ref json);
            case ProtoTypes.Value:
                return ReadFree(ref json);
            case ProtoTypes.ListValue:
                return Expect(ref json, JsonTokenType.StartArray, "a list") ? ReadFreeList(ref json) : null;
            default:
                var message = ProtoTypes.Create(field.MessageType);
                ReadObject(message, ref json);
                return message;
        }
    }

    private void ReadStruct(MapField<string, Value> fields, ref Utf8JsonReader json)
    {
        while (Next(ref json) is { } name)
        {
            var before = fields.Count;
            var value = ReadFree(ref json);
            fields[name] = value;
            if (fields.Count == before) Fault($"\"{ProtoTypes.Shorten(name)}\" is given twice.");
            if (IsHopeless) return;
            _path.Leave();
        }
    }

    private ListValue ReadFreeList(ref Utf8JsonReader json)
    {
        var list = new ListValue();
        _path.EnterList();
        for (var index = 0; Next(ref json, index); index++)
        {
            list.Values.Add(ReadFree(ref json));
            if (IsHopeless) return list;
        }

        _path.Leave();
        return list;
    }

    private Value ReadFree(ref Utf8JsonReader json)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.Number when json.TryGetDouble(out var number) && double.IsFinite(number): return Value.ForNumber(number);
            case JsonTokenType.String when Text(ref json) is { } text: return Value.ForString(text);
            case JsonTokenType.True: return Value.ForBool(true);
            case JsonTokenType.False: return Value.ForBool(false);
            case JsonTokenType.Null: return Value.ForNull();
            case JsonTokenType.StartArray: return new Value { ListValue = ReadFreeList(ref json) };
            case JsonTokenType.StartObject:
                var group = new Struct();
                ReadStruct(group.Fields, ref json);
                return new Value { StructValue = group };
            default:
                Fault(json.TokenType == JsonTokenType.Number ? "The number is too large." : "The text is not valid Unicode.");
                return Value.ForNull();
        }
    }

    /// <summary>Goes to the value of the object's next name; null at its end.</summary>
    private string? Next(ref Utf8JsonReader json)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = _names.Read(ref json);
            json.Read();
            _path.Enter(name ?? "");
            if (name is not null) return name;
            Refuse(ref json, "The name is not valid Unicode.");
            if (IsHopeless) return null;
            _path.Leave();
        }

        return null;
    }

    /// <summary>Goes to the list's next value; says whether there is one.</summary>
    private bool Next(ref Utf8JsonReader json, int index)
    {
        if (!json.Read() || json.TokenType == JsonTokenType.EndArray) return false;
        _path.MoveTo(index);
        return true;
    }

    private object? Mismatch(FieldDescriptor field, ref Utf8JsonReader json)
    {
        var was = json.TokenType switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "a list",
            JsonTokenType.String => ProtoTypes.Shorten($"\"{Encoding.UTF8.GetString(json.ValueSpan)}\""),
            _ => ProtoTypes.Shorten(Encoding.UTF8.GetString(json.ValueSpan)),
        };
        Refuse(ref json, $"{_path.Last} must be {ProtoScalars.Expected(field)}; was {was}.");
        return null;
    }

    private bool Expect(ref Utf8JsonReader json, JsonTokenType type, string expected)
    {
        if (json.TokenType == type) return true;
        Refuse(ref json, $"{(_path.Last is { Length: > 0 } name ? name : "The document")} must be {expected}.");
        return false;
    }

    /// <summary>Notes a fault and passes over the value that has it.</summary>
    private void Refuse(ref Utf8JsonReader json, string message, bool isUnknownField = false)
    {
        Fault(message, isUnknownField);
        json.Skip();
    }

    private void Fault(string message, bool isUnknownField = false)
    {
        if (!IsHopeless) _errors.Add(new ProtoJsonError(_path.ToString(), message, isUnknownField));
    }

    private static bool IsFreeValue(MessageDescriptor type) => string.Equals(type.FullName, ProtoTypes.Value, StringComparison.Ordinal);

    private static bool IsNumber(FieldDescriptor field) => field.FieldType is not (FieldType.String or FieldType.Bytes or FieldType.Bool or FieldType.Enum or FieldType.Message);
}
