using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.Identity;

namespace Qmtl.Cli.Commands;

/// <summary>The key under which a node's results are kept in one context.</summary>
internal sealed class ComputeKeyCommand : CliCommand
{
    private readonly Argument<string> _node = new("NODE_ID") { Description = "The node's identity." };
    private readonly Option<string> _world = new("--world", "-w") { Description = "The world.", HelpName = "W", Required = true };
    private readonly Option<string> _domain = new("--domain") { Description = "The execution domain: backtest, dryrun, live or shadow.", HelpName = "D", DefaultValueFactory = _ => "backtest" };
    private readonly Option<string?> _asOf = new("--as-of") { Description = "The moment it is pinned to, ISO-8601.", HelpName = "T" };
    private readonly Option<string?> _partition = new("--partition") { Description = "The partition.", HelpName = "P" };

    public ComputeKeyCommand(CliShell shell)
        : base(shell, "compute-key", "Compute the key of a node's results in a context.")
    {
        foreach (var symbol in new Option[] { _world, _domain, _asOf, _partition }) Add(symbol);
        Add(_node);
    }

    protected override Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var node = run.Get(_node);
        if (!node.StartsWith(NodeId.Prefix, StringComparison.Ordinal)) throw new UsageException("node_id", $"NODE_ID must begin with \"{NodeId.Prefix}\", was \"{node}\".");
        var domain = Usage.Of(() => ExecutionModes.ParseExplicit(run.Get(_domain)!));
        var key = ComputeKey.Create(node, run.Get(_world), domain, run.Get(_asOf), run.Get(_partition));
        run.Print(() => new JsonObject { ["compute_key"] = key }, screen => screen.Line(key));
        return Task.FromResult(ExitCodes.Done);
    }
}
