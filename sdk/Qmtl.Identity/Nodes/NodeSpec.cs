namespace Qmtl.Identity;

/// <summary>What is known about one node of a strategy's graph: the shape that authoring produces, the wire carries and services check.</summary>
/// <remarks>
/// Hashed into the identity: node type, interval, period, parameters, dependencies, schema compatibility id and code hash. Everything else is
/// for people and for checks.
/// </remarks>
public sealed record NodeSpec
{
    /// <summary>The type of nodes whose upstream is found at run time by tags.</summary>
    public const string TagQueryType = "TagQueryNode";

    /// <summary>The type of the marker that bounds a submission; it is no computation and has no identity.</summary>
    public const string SentinelType = "VersionSentinel";

    /// <summary>The node's class, for example <c>StreamInput</c>. Null when not given.</summary>
    public string? NodeType { get; init; }

    /// <summary>Bar interval in seconds; 0 when not given.</summary>
    public int Interval { get; init; }

    /// <summary>The operator's own window in bars; 0 when not given.</summary>
    public int Period { get; init; }

    /// <summary>The parameters as written, context keys included; they are stripped when hashed.</summary>
    public CanonicalValue Params { get; init; } = CanonicalValue.Null;

    /// <summary>Identities of the upstream nodes (or, before they are resolved, names of nodes in the same document).</summary>
    public IReadOnlyList<string> Dependencies { get; init; } = [];

    /// <summary>Identifies schemas that may replace one another. Null when not given.</summary>
    public string? SchemaCompatId { get; init; }

    /// <summary>The older name of <see cref="SchemaCompatId"/>; when both are given they must agree. Null when not given.</summary>
    public string? LegacySchemaId { get; init; }

    /// <summary>Identifies the code that computes the node. Null when not given.</summary>
    public string? CodeHash { get; init; }

    /// <summary>SHA-256 of the parameters, hexadecimal. Null when not given.</summary>
    public string? ConfigHash { get; init; }

    /// <summary>SHA-256 of the output schema, hexadecimal. Null when not given.</summary>
    public string? SchemaHash { get; init; }

    /// <summary>A name for people. Null when not given.</summary>
    public string? Name { get; init; }

    /// <summary>Tags under which the node's queue is found.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>For tag queries: <c>any</c> or <c>all</c>. Null when not given.</summary>
    public string? MatchMode { get; init; }

    /// <summary>The identity the document claims. Null when not given.</summary>
    public string? NodeId { get; init; }

    /// <summary>Whether this is a tag query.</summary>
    public bool IsTagQuery => string.Equals(NodeType, TagQueryType, StringComparison.Ordinal);

    /// <summary>Whether this is a version sentinel.</summary>
    public bool IsSentinel => string.Equals(NodeType, SentinelType, StringComparison.Ordinal);

    /// <summary>Whether the two schema ids are both given and differ.</summary>
    public bool HasSchemaConflict => !string.IsNullOrEmpty(SchemaCompatId) && !string.IsNullOrEmpty(LegacySchemaId)
        && !string.Equals(SchemaCompatId, LegacySchemaId, StringComparison.Ordinal);

    /// <summary>The schema compatibility id that is hashed: the current name's, else the older name's, else empty.</summary>
    public string EffectiveSchemaId => !string.IsNullOrEmpty(SchemaCompatId) ? SchemaCompatId : LegacySchemaId ?? "";

    /// <summary>How messages call this node: by name, else by identity, else by type.</summary>
    public string Label => !string.IsNullOrEmpty(Name) ? Name : !string.IsNullOrEmpty(NodeId) ? NodeId : NodeType ?? "(node without type)";

    /// <summary>This node with its identity and, where missing, its configuration hash filled in.</summary>
    public NodeSpec Seal()
    {
        var parameters = CanonicalJson.Write(Params);
        return this with
        {
            SchemaCompatId = EffectiveSchemaId,
            LegacySchemaId = null,
            ConfigHash = string.IsNullOrEmpty(ConfigHash) ? ContentHash.Sha256Hex(parameters) : ConfigHash,
            NodeId = Identity.NodeId.Compute(this, parameters),
        };
    }

    /// <summary>The node as it travels in a submission.</summary>
    public CanonicalValue ToValue()
    {
        static CanonicalValue Text(string? text) => text is null ? CanonicalValue.Null : CanonicalValue.Of(text);
        var members = new List<(string, CanonicalValue)>
        {
            ("node_type", Text(NodeType)),
            ("interval", CanonicalValue.Of(Interval)),
            ("period", CanonicalValue.Of(Period)),
            ("params", Params),
            ("dependencies", CanonicalValue.List(Dependencies.Select(CanonicalValue.Of))),
            ("inputs", CanonicalValue.List(Dependencies.Select(CanonicalValue.Of))),
            ("schema_compat_id", CanonicalValue.Of(EffectiveSchemaId)),
            ("code_hash", Text(CodeHash)),
            ("config_hash", Text(ConfigHash)),
            ("schema_hash", Text(SchemaHash)),
            ("name", Text(Name)),
            ("tags", CanonicalValue.List(Tags.Select(CanonicalValue.Of))),
            ("node_id", Text(NodeId)),
        };
        if (IsTagQuery) members.Add(("match_mode", CanonicalValue.Of(MatchMode ?? "any")));
        return CanonicalValue.Map([.. members]);
    }
}
