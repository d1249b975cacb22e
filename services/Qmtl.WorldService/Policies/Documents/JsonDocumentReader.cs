using System.Text.Json;

namespace Qmtl.WorldService.Policies.Documents;

/// <summary>JSON into a tree with positions.</summary>
internal static class JsonDocumentReader
{
    public static DocumentNode Read(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = DocumentParser.MaxDepth });
        try
        {
            reader.Read();
            var root = ReadValue(ref reader, text, "");
            if (reader.Read()) throw new DocumentSyntaxException("", LineOf(text, reader.TokenStartIndex), 1, "there is text after the document's end");
            return root;
        }
        catch (JsonException e)
        {
            throw new DocumentSyntaxException("", (int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1, "this is not valid JSON");
        }
        catch (InvalidOperationException)
        {
            throw new DocumentSyntaxException("", LineOf(text, reader.TokenStartIndex), 1, "the document is not valid UTF-8");
        }
    }

    private static DocumentNode ReadValue(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, string pointer)
    {
        var line = LineOf(text, reader.TokenStartIndex);
        return reader.TokenType switch
        {
            JsonTokenType.StartObject => ReadObject(ref reader, text, pointer, line),
            JsonTokenType.StartArray => ReadArray(ref reader, text, pointer, line),
            JsonTokenType.String => new TextNode(pointer, line, reader.GetString()!),
            JsonTokenType.Number => ReadNumber(ref reader, pointer, line),
            JsonTokenType.True or JsonTokenType.False => new BooleanNode(pointer, line, reader.GetBoolean()),
            _ => new NullNode(pointer, line),
        };
    }

    private static NumberNode ReadNumber(ref Utf8JsonReader reader, string pointer, int line) =>
        reader.TryGetDouble(out var value) && double.IsFinite(value)
            ? new NumberNode(pointer, line, value)
            : throw new DocumentSyntaxException(pointer, line, 1, "the number is out of range");

    private static MappingNode ReadObject(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, string pointer, int line)
    {
        var members = new List<KeyValuePair<string, DocumentNode>>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            var child = JsonPointer.Child(pointer, key);
            if (!seen.Add(key)) throw new DocumentSyntaxException(child, LineOf(text, reader.TokenStartIndex), 1, $"the key '{key}' stands twice");
            reader.Read();
            members.Add(new(key, ReadValue(ref reader, text, child)));
        }

        return new MappingNode(pointer, line, members);
    }

    private static SequenceNode ReadArray(ref Utf8JsonReader reader, ReadOnlySpan<byte> text, string pointer, int line)
    {
        var items = new List<DocumentNode>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(ReadValue(ref reader, text, JsonPointer.Child(pointer, items.Count)));
        }

        return new SequenceNode(pointer, line, items);
    }

    private static int LineOf(ReadOnlySpan<byte> text, long index) => text[..(int)Math.Min(index, text.Length)].Count((byte)'\n') + 1;
}
