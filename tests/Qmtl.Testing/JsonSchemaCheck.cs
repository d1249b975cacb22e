using System.Text.Json;

namespace Qmtl.Testing;

/// <summary>Checks a document against a JSON schema of the draft-07 keywords that published schemas of configuration files use.</summary>
/// <remarks>A keyword it does not know is an error, so that it never passes what it did not check.</remarks>
public sealed class JsonSchemaCheck(JsonElement schema)
{
    private static readonly HashSet<string> Remarks = new(StringComparer.Ordinal) { "$schema", "$id", "description", "title", "definitions", "default", "examples" };

    /// <summary>What is wrong with the document, each with the place.</summary>
    public IReadOnlyList<string> Faults(JsonElement document) => [.. Check(schema, document, "#")];

    private IEnumerable<string> Check(JsonElement rule, JsonElement value, string at)
    {
        if (rule.ValueKind is JsonValueKind.True) return [];
        if (rule.ValueKind is JsonValueKind.False) return [$"{at}: not allowed"];
        return rule.EnumerateObject().Where(keyword => !Remarks.Contains(keyword.Name)).SelectMany(keyword => Check(rule, keyword, value, at));
    }

    private IEnumerable<string> Check(JsonElement rule, JsonProperty keyword, JsonElement value, string at) => keyword.Name switch
    {
        "$ref" => Check(Resolve(keyword.Value.GetString()!), value, at),
        "type" => HasType(keyword.Value, value) ? [] : [$"{at}: is {value.ValueKind}, not {keyword.Value}"],
        "const" => JsonElement.DeepEquals(keyword.Value, value) ? [] : [$"{at}: is not {keyword.Value}"],
        "enum" => keyword.Value.EnumerateArray().Any(allowed => JsonElement.DeepEquals(allowed, value)) ? [] : [$"{at}: '{value}' is none of {keyword.Value}"],
        "required" => Object(value) ? keyword.Value.EnumerateArray().Select(name => name.GetString()!).Where(name => !value.TryGetProperty(name, out _)).Select(name => $"{at}: lacks '{name}'") : [],
        "properties" => Object(value) ? keyword.Value.EnumerateObject().SelectMany(p => value.TryGetProperty(p.Name, out var child) ? Check(p.Value, child, $"{at}/{p.Name}") : []) : [],
        "additionalProperties" => Object(value) ? Additional(rule, value).SelectMany(p => Check(keyword.Value, p.Value, $"{at}/{p.Name}")) : [],
        "items" => value.ValueKind is JsonValueKind.Array ? value.EnumerateArray().SelectMany((item, i) => Check(keyword.Value, item, $"{at}/{i}")) : [],
        "not" => Check(keyword.Value, value, at).Any() ? [] : [$"{at}: matches what it must not"],
        "oneOf" => OneOf(keyword.Value, value, at),
        _ => [$"schema keyword '{keyword.Name}' is not known to this check"],
    };

    private string[] OneOf(JsonElement rules, JsonElement value, string at)
    {
        var attempts = rules.EnumerateArray().Select(rule => Check(rule, value, at).ToArray()).ToArray();
        var matching = attempts.Count(faults => faults.Length == 0);
        if (matching == 1) return [];
        return matching > 1 ? [$"{at}: matches {matching} alternatives"] : attempts.MinBy(faults => faults.Length)!;
    }

    private static IEnumerable<JsonProperty> Additional(JsonElement rule, JsonElement value) =>
        value.EnumerateObject().Where(p => !rule.TryGetProperty("properties", out var known) || !known.TryGetProperty(p.Name, out _));

    private static bool Object(JsonElement value) => value.ValueKind is JsonValueKind.Object;

    private static bool HasType(JsonElement types, JsonElement value) => types.ValueKind is JsonValueKind.Array
        ? types.EnumerateArray().Any(type => HasType(type, value))
        : types.GetString() switch
        {
            "object" => Object(value),
            "array" => value.ValueKind is JsonValueKind.Array,
            "string" => value.ValueKind is JsonValueKind.String,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "number" => value.ValueKind is JsonValueKind.Number,
            "integer" => value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out _),
            "null" => value.ValueKind is JsonValueKind.Null,
            var type => throw new NotSupportedException($"schema type '{type}'"),
        };

    private JsonElement Resolve(string reference) =>
        reference.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate(schema, (at, step) => at.GetProperty(step));
}
