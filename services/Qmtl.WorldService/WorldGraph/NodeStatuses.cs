using Qmtl.Identity;

namespace Qmtl.WorldService.WorldGraph;

/// <summary>The statuses of a node in a world, and which follow which. Pure.</summary>
/// <remarks>
/// A node runs only after a verdict that it is valid; a new verdict stops it from counting as one; an archived node has to be judged anew. A node nobody has seen
/// is unknown.
/// </remarks>
internal static class NodeStatuses
{
    public const string Unknown = "unknown";
    public const string Running = "running";

    private static readonly Dictionary<string, string[]> Next = new(StringComparer.Ordinal)
    {
        [Unknown] = ["validating", "valid", "invalid", "archived"],
        ["validating"] = ["valid", "invalid", Unknown, "archived"],
        ["valid"] = [Running, "validating", "invalid", "archived"],
        ["invalid"] = ["validating", "archived"],
        [Running] = ["paused", "stopped", "invalid"],
        ["paused"] = [Running, "stopped", "invalid"],
        ["stopped"] = [Running, "validating", "invalid", "archived"],
        ["archived"] = [Unknown],
    };

    public static IReadOnlyCollection<string> All => Next.Keys;

    /// <summary>Whether one may follow the other; a status may always be set again.</summary>
    public static bool Allows(string from, string to) => from == to || Next[from].Contains(to, StringComparer.Ordinal);

    public static void Check(string status)
    {
        if (!Next.ContainsKey(status)) throw Refuse.Field("/status", $"must be one of {string.Join(", ", Next.Keys)}, was '{status}'");
    }

    public static void CheckTransition(string nodeId, string from, string to)
    {
        if (!Allows(from, to))
            throw new RefusalException(ReasonCodes.NodeTransition, $"Node '{nodeId}' is {from} and cannot become {to}; from {from} it may become {string.Join(", ", Next[from])}.");
    }
}
