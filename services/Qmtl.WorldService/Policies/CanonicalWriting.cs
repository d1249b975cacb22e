using System.Text.Json;
using Qmtl.WorldService.Policies.Documents;

namespace Qmtl.WorldService.Policies;

/// <summary>Writes what is there and nothing for what is not.</summary>
internal static class CanonicalWriting
{
    public static void Object(this Utf8JsonWriter writer, string name, Action body)
    {
        writer.WriteStartObject(name);
        body();
        writer.WriteEndObject();
    }

    public static void Text(this Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null) writer.WriteString(name, value);
    }

    public static void Texts(this Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        writer.WriteStartArray(name);
        foreach (var value in values) writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    public static void TextMap(this Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, string> values)
    {
        if (values.Count == 0) return;
        writer.Object(name, () =>
        {
            foreach (var (key, value) in values.OrderBy(pair => pair.Key, StringComparer.Ordinal)) writer.WriteString(key, value);
        });
    }

    public static void Number(this Utf8JsonWriter writer, string name, double? value)
    {
        if (value is { } number) writer.WriteNumber(name, number);
    }

    public static void Integer(this Utf8JsonWriter writer, string name, int? value)
    {
        if (value is { } number) writer.WriteNumber(name, number);
    }

    public static void Duration(this Utf8JsonWriter writer, string name, TimeSpan? value)
    {
        if (value is { } duration) writer.WriteString(name, Durations.Format(duration));
    }
}
