using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>The nodes a world knows, and where they stand.</summary>
internal sealed class ListNodesCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _domain = new("--domain") { Description = "Only this one: backtest, dryrun, live or shadow.", HelpName = "D" };

    public ListNodesCommand(CliShell shell)
        : base(shell, "list", "Show the nodes a world knows.")
    {
        Add(_world);
        Add(_domain);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var all = new ListWorldNodesResponse();
        string token;
        do
        {
            var path = $"{WorldCommands.PathOf(run.Get(_world))}/nodes?limit=1000&execution_domain={Uri.EscapeDataString(run.Get(_domain) ?? "")}&page_token={Uri.EscapeDataString(all.NextPageToken)}";
            var page = await session.Client.GetAsync<ListWorldNodesResponse>(path, cancellationToken);
            all.Nodes.Add(page.Nodes);
            token = all.NextPageToken = page.NextPageToken;
        }
        while (token.Length > 0);
        run.Print(all, screen => screen.Table(["node", "domain", "status", "last verdict"], all.Nodes.Select(node => (IReadOnlyList<string>)[node.NodeId, node.ExecutionDomain, node.Status, node.LastEvalKey ?? ""])));
        return ExitCodes.Done;
    }
}
