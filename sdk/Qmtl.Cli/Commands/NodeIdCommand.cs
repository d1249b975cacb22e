using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Identity;

namespace Qmtl.Cli.Commands;

/// <summary>The canonical identity of each node of a graph document.</summary>
internal sealed class NodeIdCommand : CliCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "JSON: {\"nodes\":[...]}, a list of nodes, or one node; - reads the standard input." };
    private readonly Option<bool> _crc = new("--crc") { Description = "Add the CRC-32 over the identities." };

    public NodeIdCommand(CliShell shell)
        : base(shell, "node-id", "Compute the identities of a graph's nodes, one a line in document order.")
    {
        Add(_file);
        Add(_crc);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var text = await TextFile.ReadAsync(run.Host, run.Get(_file), cancellationToken);
        var nodes = NodeGraph.Of(NodeDocument.Read(Encoding.UTF8.GetBytes(text))).Resolve();
        string[] ids = [.. nodes.Select(node => node.NodeId!)];
        uint? crc = run.Get(_crc) ? Crc32.OfNodeIds(ids) : null;
        run.Print(() => Document(ids, crc), screen =>
        {
            foreach (var id in ids) screen.Line(id);
            if (crc is { } value) screen.Line($"crc32 {value.ToString(CultureInfo.InvariantCulture)}");
        });
        return ExitCodes.Done;
    }

    private static JsonObject Document(string[] ids, uint? crc)
    {
        var document = new JsonObject { ["node_ids"] = new JsonArray([.. ids.Select(id => JsonValue.Create(id))]) };
        if (crc is { } value) document["node_ids_crc32"] = value;
        return document;
    }
}
