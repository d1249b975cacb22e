using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Qmtl.Protos;

/// <summary>Reads scalar values from text: path segments, query parameters, map keys, and numbers given as JSON strings.</summary>
internal static class ProtoScalars
{
    private const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>What a value of this type must look like, to be put after "must be".</summary>
    public static string Expected(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Bool => "true or false",
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => "a whole number from -2147483648 to 2147483647",
        FieldType.UInt32 or FieldType.Fixed32 => "a whole number from 0 to 4294967295",
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => "a whole number of 64 bits",
        FieldType.UInt64 or FieldType.Fixed64 => "a whole number of 64 bits, 0 or more",
        FieldType.Double or FieldType.Float => "a finite number",
        FieldType.Bytes => "base64",
        FieldType.Enum => "one of " + string.Join(", ", field.EnumType.Values.Select(value => value.Name)),
        FieldType.Message => ExpectedMessage(field.MessageType),
        _ => "a string",
    };

    /// <summary>The value, or null when the text is not one.</summary>
    public static object? FromText(FieldDescriptor field, string text) => field.FieldType switch
    {
        FieldType.String => text,
        FieldType.Bool => text switch { "true" => true, "false" => false, _ => null },
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => Whole(text, int.MinValue, int.MaxValue) is { } number ? (int)number : null,
        FieldType.UInt32 or FieldType.Fixed32 => Whole(text, uint.MinValue, uint.MaxValue) is { } number ? (uint)number : null,
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Whole(text, long.MinValue, long.MaxValue) is { } number ? (long)number : null,
        FieldType.UInt64 or FieldType.Fixed64 => Whole(text, ulong.MinValue, ulong.MaxValue) is { } number ? (ulong)number : null,
        FieldType.Double => double.TryParse(text, Decimal, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null,
        FieldType.Float => float.TryParse(text, Decimal, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number) ? number : null,
        FieldType.Bytes => Base64(text),
        FieldType.Enum => field.EnumType.FindValueByName(text)?.Number,
        FieldType.Message => MessageFromText(field.MessageType, text),
        _ => null,
    };

    /// <summary>Base64 in its usual or URL-safe alphabet, with or without padding.</summary>
    public static ByteString? Base64(string text)
    {
        var standard = text.Replace('-', '+').Replace('_', '/');
        if (standard.Length % 4 is var rest and not 0) standard = standard.PadRight(standard.Length + 4 - rest, '=');
        var bytes = new byte[standard.Length];
        return Convert.TryFromBase64String(standard, bytes, out var length) ? UnsafeByteOperations.UnsafeWrap(bytes.AsMemory(0, length)) : null;
    }

    private static object? MessageFromText(MessageDescriptor type, string text)
    {
        if (ProtoTypes.IsWrapper(type)) return FromText(type.FindFieldByNumber(1), text);
        return type.FullName switch
        {
            ProtoTypes.Timestamp => ProtoTime.ParseTimestamp(text),
            ProtoTypes.Duration => ProtoTime.ParseDuration(text),
            _ => null,
        };
    }

    private static string ExpectedMessage(MessageDescriptor type)
    {
        if (ProtoTypes.IsWrapper(type)) return Expected(type.FindFieldByNumber(1));
        return type.FullName switch
        {
            ProtoTypes.Timestamp => "a time such as \"2025-01-31T00:00:00Z\"",
            ProtoTypes.Duration => "a duration in seconds such as \"300s\"",
            ProtoTypes.ListValue => "a list",
            ProtoTypes.Value => "a value",
            _ => "an object",
        };
    }

    /// <summary>JSON allows 1e3 and 1.0 for whole numbers, so plain integer parsing is not enough.</summary>
    private static Int128? Whole(string text, Int128 least, Int128 most)
    {
        if (!Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            if (!decimal.TryParse(text, Decimal, CultureInfo.InvariantCulture, out var fraction) || decimal.Truncate(fraction) != fraction) return null;
            number = (Int128)fraction;
        }

        return number >= least && number <= most ? number : null;
    }
}
