using System.Text;
using System.Text.Json;

namespace Qmtl.Identity;

/// <summary>Documents of nodes: the graph of a submission, and the looser forms people type.</summary>
public static class NodeDocument
{
    /// <summary>The version of the graph document.</summary>
    public const string SchemaVersion = "v1";

    /// <summary>The most nodes one document may hold.</summary>
    public const int MaxNodes = 5_000;

    /// <summary>Reads a submitted graph: <c>{"schema_version":"v1","nodes":[...]}</c>.</summary>
    /// <exception cref="RefusalException">The document, or a field of a node, is not as it must be; the errors name each field.</exception>
    public static IReadOnlyList<NodeSpec> ReadSubmission(JsonElement document)
    {
        if (document.ValueKind != JsonValueKind.Object) throw CanonicalJson.Refuse("", "must be an object with schema_version and nodes");
        var version = document.TryGetProperty("schema_version", out var given) ? CanonicalJson.Read(given, "/schema_version").Text : "";
        if (version is not (SchemaVersion or "1" or "1.0"))
            throw CanonicalJson.Refuse("/schema_version", $"must be \"{SchemaVersion}\", was {(version.Length == 0 ? "missing" : $"\"{version}\"")}");
        if (!document.TryGetProperty("nodes", out var nodes)) throw CanonicalJson.Refuse("/nodes", "is missing: a submission lists its nodes there");
        return ReadNodes(nodes, "/nodes");
    }

    /// <summary>Reads <c>{"nodes":[...]}</c>, a list of nodes, or a single node.</summary>
    /// <exception cref="RefusalException">A field is not as it must be; the errors name each field.</exception>
    public static IReadOnlyList<NodeSpec> Read(JsonElement document) => document.ValueKind switch
    {
        JsonValueKind.Array => ReadNodes(document, ""),
        JsonValueKind.Object when document.TryGetProperty("nodes", out var nodes) => ReadNodes(nodes, "/nodes"),
        JsonValueKind.Object => [NodeSpecReader.Read(document, "")],
        _ => throw CanonicalJson.Refuse("", "must be an object with nodes, a list of nodes, or one node"),
    };

    /// <summary>Parses and reads UTF-8 JSON in any of the forms of <see cref="Read(JsonElement)"/>.</summary>
    public static IReadOnlyList<NodeSpec> Read(ReadOnlyMemory<byte> utf8)
    {
        using var document = CanonicalJson.Parse(utf8);
        return Read(document.RootElement);
    }

    /// <summary>Writes the graph of a submission, as UTF-8 canonical JSON.</summary>
    public static byte[] Write(IEnumerable<NodeSpec> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var document = CanonicalValue.Map(
            ("schema_version", CanonicalValue.Of(SchemaVersion)),
            ("nodes", CanonicalValue.List(nodes.Select(node => node.ToValue()))));
        return Encoding.UTF8.GetBytes(CanonicalJson.Write(document));
    }

    private static NodeSpec[] ReadNodes(JsonElement nodes, string pointer)
    {
        if (nodes.ValueKind != JsonValueKind.Array) throw CanonicalJson.Refuse(pointer, "must be a list of nodes");
        var count = nodes.GetArrayLength();
        if (count == 0) throw CanonicalJson.Refuse(pointer, "must list at least one node");
        if (count > MaxNodes) throw CanonicalJson.Refuse(pointer, $"must list at most {MaxNodes} nodes, lists {count}");

        var specs = new NodeSpec[count];
        var at = 0;
        foreach (var node in nodes.EnumerateArray())
        {
            specs[at] = NodeSpecReader.Read(node, JsonPointer.Append(pointer, at));
            at++;
        }

        return specs;
    }
}
