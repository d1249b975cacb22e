using System.Globalization;
using System.Text.Json;

namespace Qmtl.Identity;

/// <summary>A required field that a submitted node lacks.</summary>
/// <param name="Index">Position of the node in the document.</param>
/// <param name="NodeType">The node's type, or empty.</param>
/// <param name="Field">The missing field.</param>
public readonly record struct MissingField(int Index, string NodeType, string Field);

/// <summary>A node whose claimed identity is not the one its content has.</summary>
/// <param name="Index">Position of the node in the document.</param>
/// <param name="NodeType">The node's type.</param>
/// <param name="NodeId">The claimed identity.</param>
/// <param name="Expected">The identity recomputed from the content.</param>
public readonly record struct NodeIdMismatch(int Index, string NodeType, string NodeId, string Expected);

/// <summary>
/// The identity checks of a submission, the same in the SDK before it sends and in the Gateway after it received: required fields, schema ids,
/// cycles, checksum, identities, complete dependencies, in this order. The findings stay readable for metrics; <see cref="ThrowIfRefused"/> turns the first
/// group that failed into a refusal.
/// </summary>
public sealed class SubmissionCheck
{
    private static readonly string[] Required = ["node_type", "code_hash", "config_hash", "schema_hash", "schema_compat_id", "node_id"];
    private static readonly string[] RequiredOfTagQueries = [.. Required, "tags", "interval"];
    private readonly uint? _declaredCrc;

    private SubmissionCheck(NodeGraph graph, uint? declaredCrc)
    {
        Graph = graph;
        _declaredCrc = declaredCrc;
        var computed = graph.Nodes.Index().Where(node => !node.Item.IsSentinel).ToArray();
        MissingFields = [.. computed.SelectMany(node => Missing(node.Index, node.Item))];
        SchemaConflicts = [.. computed.Where(node => node.Item.HasSchemaConflict).Select(node => node.Index)];
        Crc = Crc32.OfNodeIds(graph.Nodes.Select(node => node.NodeId ?? ""));
        Mismatches = [.. computed.Where(node => !node.Item.HasSchemaConflict).Select(node => Compare(node.Index, node.Item)).OfType<NodeIdMismatch>()];
    }

    /// <summary>The graph of the submitted nodes.</summary>
    public NodeGraph Graph { get; }

    /// <summary>The submitted nodes in document order.</summary>
    public IReadOnlyList<NodeSpec> Nodes => Graph.Nodes;

    /// <summary>Required fields that are missing or empty.</summary>
    public IReadOnlyList<MissingField> MissingFields { get; }

    /// <summary>Positions of nodes whose two schema ids contradict each other.</summary>
    public IReadOnlyList<int> SchemaConflicts { get; }

    /// <summary>The checksum over the submitted identities.</summary>
    public uint Crc { get; }

    /// <summary>Whether the checksum that came with the submission is this one.</summary>
    public bool CrcMatches => _declaredCrc == Crc;

    /// <summary>Nodes whose claimed identity is not the one their content has.</summary>
    public IReadOnlyList<NodeIdMismatch> Mismatches { get; }

    /// <summary>Whether every check passed.</summary>
    public bool Passed => MissingFields.Count == 0 && SchemaConflicts.Count == 0 && Graph.Cycle.Count == 0 && CrcMatches && Mismatches.Count == 0 && Graph.Unknown.Count == 0;

    /// <summary>Reads and checks a submitted graph document.</summary>
    /// <param name="document">The graph: <c>{"schema_version":"v1","nodes":[...]}</c>.</param>
    /// <param name="declaredCrc">The checksum sent along with it; null fails the check.</param>
    /// <exception cref="RefusalException">The document has not the form of a graph.</exception>
    public static SubmissionCheck Inspect(JsonElement document, uint? declaredCrc) => Inspect(NodeDocument.ReadSubmission(document), declaredCrc);

    /// <summary>Checks nodes that are already read.</summary>
    public static SubmissionCheck Inspect(IReadOnlyList<NodeSpec> nodes, uint? declaredCrc) => new(NodeGraph.Of(nodes), declaredCrc);

    /// <summary>Throws the refusal of the first group of checks that failed; does nothing when all passed.</summary>
    /// <exception cref="RefusalException">A check failed.</exception>
    public void ThrowIfRefused()
    {
        if (MissingFields.Count > 0) throw RefuseMissing();
        if (SchemaConflicts.Count > 0) throw RefuseSchemas();
        // Before the identities: those of a circle cannot be right, and the circle is what its author has to know.
        Graph.ThrowIfCyclic();
        if (!CrcMatches) throw RefuseCrc();
        if (Mismatches.Count > 0) throw RefuseMismatches();
        Graph.ThrowIfIncomplete();
    }

    private static IEnumerable<MissingField> Missing(int index, NodeSpec spec) =>
        (spec.IsTagQuery ? RequiredOfTagQueries : Required).Where(field => IsMissing(spec, field)).Select(field => new MissingField(index, spec.NodeType ?? "", field));

    private static bool IsMissing(NodeSpec spec, string field) => field switch
    {
        "node_type" => string.IsNullOrEmpty(spec.NodeType),
        "code_hash" => string.IsNullOrEmpty(spec.CodeHash),
        "config_hash" => string.IsNullOrEmpty(spec.ConfigHash),
        "schema_hash" => string.IsNullOrEmpty(spec.SchemaHash),
        "schema_compat_id" => spec.EffectiveSchemaId.Length == 0,
        "node_id" => string.IsNullOrEmpty(spec.NodeId),
        "tags" => spec.Tags.Count == 0,
        _ => spec.Interval == 0,
    };

    private static NodeIdMismatch? Compare(int index, NodeSpec spec)
    {
        var expected = NodeId.Compute(spec);
        return string.IsNullOrEmpty(spec.NodeId) || string.Equals(spec.NodeId, expected, StringComparison.Ordinal)
            ? null
            : new NodeIdMismatch(index, spec.NodeType ?? "", spec.NodeId, expected);
    }

    private RefusalException RefuseMissing()
    {
        var fields = string.Join(", ", MissingFields.Select(missing => missing.Field).Distinct(StringComparer.Ordinal));
        return new RefusalException(
            ReasonCodes.NodeIdFields,
            $"Nodes lack fields that their identity is checked with: {fields}.",
            [.. MissingFields.Select(missing => new FieldError(PointerTo(missing.Index, missing.Field), "is missing or empty"))],
            Hint("Let the SDK write the graph, or add the fields.", ("missing_fields", fields)));
    }

    private RefusalException RefuseSchemas() => new(
        ReasonCodes.SchemaCompatMismatch,
        $"Node {Nodes[SchemaConflicts[0]].Label} gives schema_compat_id and the older schema_id with different values.",
        [.. SchemaConflicts.Select(i => new FieldError(PointerTo(i, "schema_id"), $"must equal schema_compat_id \"{Nodes[i].SchemaCompatId}\", was \"{Nodes[i].LegacySchemaId}\""))],
        Hint("Remove schema_id; schema_compat_id replaces it."));

    private RefusalException RefuseCrc()
    {
        var expected = Crc.ToString(CultureInfo.InvariantCulture);
        var was = _declaredCrc?.ToString(CultureInfo.InvariantCulture) ?? "missing";
        return new RefusalException(
            ReasonCodes.ChecksumMismatch,
            $"node_ids_crc32 must be {expected} for these nodes, was {was}.",
            [new FieldError("/node_ids_crc32", $"must be {expected}, was {was}")],
            Hint("Compute the CRC-32 over the UTF-8 text of each node_id in list order.", ("expected", expected)));
    }

    private RefusalException RefuseMismatches() => new(
        ReasonCodes.NodeIdMismatch,
        $"{Mismatches.Count} of {Nodes.Count} nodes claim an identity that their content does not have; the first is {Nodes[Mismatches[0].Index].Label}.",
        [.. Mismatches.Select(mismatch => new FieldError(PointerTo(mismatch.Index, "node_id"), $"must be {mismatch.Expected}, was {mismatch.NodeId}"))],
        Hint(
            "Regenerate the identities with the current SDK.",
            ("expected", Mismatches[0].Expected),
            ("node_id_mismatch", CanonicalJson.Write(CanonicalValue.List(Mismatches.Select(mismatch => CanonicalValue.Map(
                ("index", CanonicalValue.Of(mismatch.Index)),
                ("node_id", CanonicalValue.Of(mismatch.NodeId)),
                ("expected", CanonicalValue.Of(mismatch.Expected)))))))));

    private static string PointerTo(int index, string field) => JsonPointer.Append(JsonPointer.Append("/nodes", index), field);

    private static Dictionary<string, string> Hint(string hint, params (string Key, string Value)[] more)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["hint"] = hint };
        foreach (var (key, value) in more) metadata[key] = value;
        return metadata;
    }
}
