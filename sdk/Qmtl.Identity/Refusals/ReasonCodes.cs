namespace Qmtl.Identity;

/// <summary>The registry of all reason codes.</summary>
public static class ReasonCodes
{
    /// <summary>The document or a field of it has not the required form.</summary>
    public static ReasonCode SchemaInvalid { get; } = new("E_SCHEMA_INVALID", 400, "The document does not have the required form");

    /// <summary>Nodes lack fields their identity is checked with.</summary>
    public static ReasonCode NodeIdFields { get; } = new("E_NODE_ID_FIELDS", 400, "Nodes lack fields that their identity is checked with");

    /// <summary>Two schema ids contradict each other.</summary>
    public static ReasonCode SchemaCompatMismatch { get; } = new("E_SCHEMA_COMPAT_MISMATCH", 400, "Schema ids contradict each other");

    /// <summary>The checksum over the node identities is wrong.</summary>
    public static ReasonCode ChecksumMismatch { get; } = new("E_CHECKSUM_MISMATCH", 400, "The checksum over the node identities is wrong");

    /// <summary>A node's identity is not that of its content.</summary>
    public static ReasonCode NodeIdMismatch { get; } = new("E_NODE_ID_MISMATCH", 400, "A node's identity is not that of its content");

    /// <summary>The nodes depend on each other in a circle.</summary>
    public static ReasonCode Cycle { get; } = new("E_CYCLE", 400, "The nodes depend on each other in a circle");
}
