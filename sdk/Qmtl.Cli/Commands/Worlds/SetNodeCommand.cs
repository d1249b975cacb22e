using System.CommandLine;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.V1;
using Struct = Google.Protobuf.WellKnownTypes.Struct;
using Value = Google.Protobuf.WellKnownTypes.Value;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Moves one node of a world on to its next status.</summary>
internal sealed class SetNodeCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Argument<string> _node = new("NODE") { Description = "NodeID, or the strategy id of a root." };
    private readonly Argument<string> _status = new("STATUS") { Description = "unknown, validating, valid, invalid, running, paused, stopped or archived." };
    private readonly Option<string?> _domain = new("--domain") { Description = "backtest, dryrun, live or shadow; backtest unless given.", HelpName = "D" };
    private readonly Option<string?> _key = new("--eval-key") { Description = "Key of the verdict behind it; kept as it is unless given.", HelpName = "KEY" };
    private readonly Option<string[]> _notes = KeyValues.Option("--note", "NAME=TEXT", "A note; repeatable. Those given replace all that were there.");

    public SetNodeCommand(CliShell shell)
        : base(shell, "set", "Set where a node stands.")
    {
        foreach (var argument in new[] { _world, _node, _status }) Add(argument);
        foreach (var option in new Option[] { _domain, _key, _notes }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var request = new PutWorldNodeRequest { ExecutionDomain = run.Get(_domain) ?? "", Status = run.Get(_status), LastEvalKey = run.Get(_key) };
        var notes = KeyValues.Read(_notes, run);
        if (notes.Count > 0) request.Annotations = new Struct { Fields = { notes.ToDictionary(note => note.Key, note => Value.ForString(note.Value), StringComparer.Ordinal) } };
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var node = await session.Client.PutAsync<WorldNode>($"{WorldCommands.PathOf(run.Get(_world))}/nodes/{Uri.EscapeDataString(run.Get(_node))}", request, cancellationToken);
        run.Print(node, screen => screen.Line($"{node.NodeId}: {node.Status} in {node.ExecutionDomain}"));
        return ExitCodes.Done;
    }
}
