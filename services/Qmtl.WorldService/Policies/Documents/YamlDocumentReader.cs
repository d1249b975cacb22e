using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Qmtl.WorldService.Policies.Documents;

/// <summary>
/// YAML into a tree with positions, by the core schema. Read from parser events rather than through a deserialiser: only so
/// do repeated keys, wrong types and unknown keys keep their place.
/// </summary>
internal static partial class YamlDocumentReader
{
    public static DocumentNode Read(string text)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _)) throw new DocumentSyntaxException("", 1, 1, "the document is empty");
            parser.Consume<DocumentStart>();
            var root = ReadValue(parser, "", 0);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out var end)) throw Problem("", parser.Current?.Start ?? end!.Start, "one document is expected, a second one begins");
            return root;
        }
        catch (YamlException e)
        {
            throw new DocumentSyntaxException("", (int)e.Start.Line, (int)e.Start.Column, "this is not valid YAML: " + Reason(e));
        }
    }

    private static DocumentNode ReadValue(Parser parser, string pointer, int depth)
    {
        var current = parser.Consume<ParsingEvent>();
        if (depth > DocumentParser.MaxDepth) throw Problem(pointer, current.Start, $"nested deeper than {DocumentParser.MaxDepth} levels");
        return current switch
        {
            // An alias can make a short text expand without bound, and a policy is better read when it says what it means.
            AnchorAlias => throw Problem(pointer, current.Start, "anchors and aliases are not allowed in a policy"),
            NodeEvent { Anchor.IsEmpty: false } => throw Problem(pointer, current.Start, "anchors and aliases are not allowed in a policy"),
            Scalar scalar => ReadScalar(scalar, pointer),
            MappingStart start => ReadMapping(parser, start, pointer, depth),
            SequenceStart start => ReadSequence(parser, start, pointer, depth),
            _ => throw Problem(pointer, current.Start, "a value is expected"),
        };
    }

    private static MappingNode ReadMapping(Parser parser, MappingStart start, string pointer, int depth)
    {
        var members = new List<KeyValuePair<string, DocumentNode>>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var key)) throw Problem(pointer, parser.Current!.Start, "a key must be plain text");
            var child = JsonPointer.Child(pointer, key.Value);
            if (!seen.Add(key.Value)) throw Problem(child, key.Start, $"the key '{key.Value}' stands twice");
            members.Add(new(key.Value, ReadValue(parser, child, depth + 1)));
        }

        return new MappingNode(pointer, (int)start.Start.Line, members);
    }

    private static SequenceNode ReadSequence(Parser parser, SequenceStart start, string pointer, int depth)
    {
        var items = new List<DocumentNode>();
        while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(ReadValue(parser, JsonPointer.Child(pointer, items.Count), depth + 1));
        return new SequenceNode(pointer, (int)start.Start.Line, items);
    }

    private static DocumentNode ReadScalar(Scalar scalar, string pointer)
    {
        var line = (int)scalar.Start.Line;
        if (!scalar.Tag.IsEmpty) throw Problem(pointer, scalar.Start, $"the tag {scalar.Tag} is not allowed in a policy");
        if (scalar.Style != ScalarStyle.Plain) return new TextNode(pointer, line, scalar.Value);
        return scalar.Value switch
        {
            "" or "~" or "null" or "Null" or "NULL" => new NullNode(pointer, line),
            "true" or "True" or "TRUE" => new BooleanNode(pointer, line, true),
            "false" or "False" or "FALSE" => new BooleanNode(pointer, line, false),
            var value when Number().IsMatch(value) => ReadNumber(scalar, pointer, line),
            var value => new TextNode(pointer, line, value),
        };
    }

    private static NumberNode ReadNumber(Scalar scalar, string pointer, int line) =>
        double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? new NumberNode(pointer, line, value)
            : throw Problem(pointer, scalar.Start, "the number is not finite or out of range");

    private static DocumentSyntaxException Problem(string pointer, Mark mark, string message) => new(pointer, (int)mark.Line, (int)mark.Column, message);

    /// <summary>The parser's own sentence without the position it repeats.</summary>
    private static string Reason(YamlException e)
    {
        var message = (e.InnerException?.Message ?? e.Message).TrimEnd('.');
        var colon = message.IndexOf("): ", StringComparison.Ordinal);
        return colon < 0 ? message : message[(colon + 3)..];
    }

    // Core schema numbers, and its .inf and .nan so that they are refused as numbers rather than taken for text.
    [GeneratedRegex(@"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Number();
}
