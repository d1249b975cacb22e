using System.CommandLine;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Graph;

/// <summary>Commands about the global graph of nodes.</summary>
internal static class DagCommands
{
    public static Command Create(CliShell shell) => new("dag", "Look at the graph of nodes: around a node, who it affects, frozen snapshots.")
    {
        new ShowGraphCommand(shell), new ImpactCommand(shell), SnapshotCommands.Create(shell),
    };

    /// <summary>The argument that names a node.</summary>
    public static Argument<string> Node() => new("NODE_ID") { Description = "The node's identity, \"blake3:\" and 64 digits; qmtl node-id computes it." };

    /// <summary>Where the Gateway serves a node of the graph.</summary>
    public static string PathOf(string nodeId) => $"graph/nodes/{Uri.EscapeDataString(nodeId)}";
}
