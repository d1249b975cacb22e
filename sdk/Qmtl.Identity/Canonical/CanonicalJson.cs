using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Qmtl.Identity;

/// <summary>Reads JSON into <see cref="CanonicalValue"/>s and writes them: sorted keys, no spaces, canonical numbers.</summary>
/// <remarks>
/// Node identities use the form with characters outside ASCII written raw; dataset fingerprints and snapshot hashes the one with
/// <c>\uXXXX</c> escapes. Both are what Python's json module writes with sorted keys and compact separators.
/// </remarks>
public static class CanonicalJson
{
    // Of a node's parameters with the identities of two inputs.
    private const int UsualLength = 256;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>The canonical text with characters outside ASCII written raw.</summary>
    public static string Write(CanonicalValue value)
    {
        var text = new StringBuilder(UsualLength);
        Append(text, value, ascii: false);
        return text.ToString();
    }

    /// <summary>The canonical text with every character outside printable ASCII escaped.</summary>
    public static string WriteAscii(CanonicalValue value)
    {
        var text = new StringBuilder(UsualLength);
        Append(text, value, ascii: true);
        return text.ToString();
    }

    /// <summary>Parses a JSON document. Anything JSON does not allow, and a key that occurs twice, is refused.</summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            return JsonDocument.Parse(utf8, Strict);
        }
        catch (JsonException e)
        {
            var place = string.Create(CultureInfo.InvariantCulture, $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
            throw new RefusalException(ReasonCodes.InvalidJson, $"The document is not valid JSON ({place}): {FirstSentence(e.Message)}.", errors: null, metadata: null, e);
        }
    }

    /// <summary>Converts a parsed element; <paramref name="pointer"/> is where it stands, for error messages.</summary>
    /// <exception cref="RefusalException">A number is out of range, a text is not valid Unicode, or a key occurs twice.</exception>
    public static CanonicalValue Read(JsonElement element, string pointer = "") => element.ValueKind switch
    {
        JsonValueKind.Object => ReadMap(element, pointer),
        JsonValueKind.Array => CanonicalValue.List(element.EnumerateArray().Select((item, i) => Read(item, JsonPointer.Append(pointer, i)))),
        JsonValueKind.String => CanonicalValue.Of(ReadText(element, pointer)),
        JsonValueKind.Number => ReadNumber(element, pointer),
        JsonValueKind.True => CanonicalValue.True,
        JsonValueKind.False => CanonicalValue.False,
        _ => CanonicalValue.Null,
    };

    internal static string ReadText(JsonElement element, string pointer)
    {
        try
        {
            return element.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            throw Refuse(pointer, "must be valid Unicode: it has a surrogate without its partner");
        }
    }

    internal static RefusalException Refuse(string pointer, string message) =>
        new(ReasonCodes.SchemaInvalid, $"{(pointer.Length == 0 ? "The document" : pointer)} {message}.", [new FieldError(pointer, message)]);

    /// <summary>Appends a JSON string literal.</summary>
    internal static void AppendText(StringBuilder text, ReadOnlySpan<char> value, bool ascii)
    {
        text.Append('"');
        var plain = ascii ? PlainAscii : PlainRaw;
        while (true)
        {
            var next = ascii ? value.IndexOfAnyExcept(plain) : value.IndexOfAny(plain);
            if (next < 0) break;
            text.Append(value[..next]);
            AppendEscape(text, value[next]);
            value = value[(next + 1)..];
        }

        text.Append(value).Append('"');
    }

    // ASCII form: what may stand as it is. Raw form: what may not.
    private static readonly SearchValues<char> PlainAscii = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Where(c => c is not '"' and not '\\')]);

    private static readonly SearchValues<char> PlainRaw = SearchValues.Create([.. Enumerable.Range(0, ' ').Select(c => (char)c), '"', '\\']);

    private static void AppendEscape(StringBuilder text, char c)
    {
        switch (c)
        {
            case '"': text.Append("\\\""); break;
            case '\\': text.Append("\\\\"); break;
            case '\b': text.Append("\\b"); break;
            case '\f': text.Append("\\f"); break;
            case '\n': text.Append("\\n"); break;
            case '\r': text.Append("\\r"); break;
            case '\t': text.Append("\\t"); break;
            default: text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"); break;
        }
    }

    private static void Append(StringBuilder text, CanonicalValue value, bool ascii)
    {
        switch (value.Kind)
        {
            case CanonicalKind.String:
                AppendText(text, value.Text, ascii);
                break;
            case CanonicalKind.List:
                text.Append('[');
                for (var i = 0; i < value.Items.Count; i++)
                {
                    if (i > 0) text.Append(',');
                    Append(text, value.Items[i], ascii);
                }

                text.Append(']');
                break;
            case CanonicalKind.Map:
                text.Append('{');
                for (var i = 0; i < value.Members.Count; i++)
                {
                    if (i > 0) text.Append(',');
                    AppendText(text, value.Members[i].Key, ascii);
                    text.Append(':');
                    Append(text, value.Members[i].Value, ascii);
                }

                text.Append('}');
                break;
            default:
                text.Append(value.Text);
                break;
        }
    }

    private static CanonicalValue ReadMap(JsonElement element, string pointer)
    {
        var members = new List<KeyValuePair<string, CanonicalValue>>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            var key = ReadKey(property, pointer);
            var at = JsonPointer.Append(pointer, key);
            if (!seen.Add(key)) throw Refuse(at, "occurs more than once");
            members.Add(KeyValuePair.Create(key, Read(property.Value, at)));
        }

        return CanonicalValue.Map(members);
    }

    private static string ReadKey(JsonProperty property, string pointer)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw Refuse(pointer, "has a key that is not valid Unicode");
        }
    }

    private static CanonicalValue ReadNumber(JsonElement element, string pointer)
    {
        var raw = element.GetRawText();
        if (raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0) return CanonicalValue.Integer(raw);
        return element.TryGetDouble(out var value) && double.IsFinite(value)
            ? CanonicalValue.Of(value)
            : throw Refuse(pointer, $"must be a number that fits double precision, was {raw}");
    }

    private static string FirstSentence(string message)
    {
        // The framework appends its own position, counted from zero.
        var end = message.IndexOf(" LineNumber", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.', ' ');
    }
}
