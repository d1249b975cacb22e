namespace Qmtl.WorldService.Policies.Documents;

/// <summary>One value of a YAML or JSON document that remembers where it stood, so that a problem can name its place.</summary>
/// <param name="Pointer">RFC 6901 pointer from the document's root; empty for the root itself.</param>
/// <param name="Line">1-based line in the uploaded text.</param>
internal abstract record DocumentNode(string Pointer, int Line)
{
    /// <summary>How a message calls this kind of value.</summary>
    public abstract string Kind { get; }
}

internal sealed record MappingNode(string Pointer, int Line, IReadOnlyList<KeyValuePair<string, DocumentNode>> Members) : DocumentNode(Pointer, Line)
{
    public override string Kind => "a mapping";

    public DocumentNode? Find(string key)
    {
        foreach (var member in Members)
        {
            if (string.Equals(member.Key, key, StringComparison.Ordinal)) return member.Value;
        }

        return null;
    }
}

internal sealed record SequenceNode(string Pointer, int Line, IReadOnlyList<DocumentNode> Items) : DocumentNode(Pointer, Line)
{
    public override string Kind => "a list";
}

internal sealed record TextNode(string Pointer, int Line, string Value) : DocumentNode(Pointer, Line)
{
    public override string Kind => $"the text '{(Value.Length <= 40 ? Value : Value[..40] + "...")}'";
}

internal sealed record NumberNode(string Pointer, int Line, double Value) : DocumentNode(Pointer, Line)
{
    public override string Kind => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the number {Value}");
}

internal sealed record BooleanNode(string Pointer, int Line, bool Value) : DocumentNode(Pointer, Line)
{
    public override string Kind => Value ? "true" : "false";
}

internal sealed record NullNode(string Pointer, int Line) : DocumentNode(Pointer, Line)
{
    public override string Kind => "empty";
}

/// <summary>RFC 6901 pointers.</summary>
internal static class JsonPointer
{
    public static string Child(string parent, string key) =>
        parent + "/" + key.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    public static string Child(string parent, int index) =>
        parent + "/" + index.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>The text is not a document at all: bad YAML, bad JSON, a repeated key, something nested too deeply.</summary>
internal sealed class DocumentSyntaxException(string pointer, int line, int column, string message)
    : Exception(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"line {line}, column {column}: {message}"))
{
    public string Pointer { get; } = pointer;
}
