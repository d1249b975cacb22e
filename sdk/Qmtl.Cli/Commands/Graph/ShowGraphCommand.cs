using System.CommandLine;
using System.Globalization;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Graph;

/// <summary>The graph around a node.</summary>
internal sealed class ShowGraphCommand : CliCommand
{
    private readonly Argument<string> _node = DagCommands.Node();
    private readonly Option<string> _direction = new("--direction") { Description = "upstream, downstream or both.", DefaultValueFactory = _ => "both" };
    private readonly Option<int> _depth = Numbers.Whole("--depth", 8, "So many steps, at most 64.");
    private readonly Option<int> _limit = Numbers.Whole("--limit", 500, "At most so many nodes, nearest first.");

    public ShowGraphCommand(CliShell shell)
        : base(shell, "show", "Show what a node depends on and what depends on it.")
    {
        _direction.AcceptOneOf("upstream", "downstream", "both");
        Add(_node);
        foreach (var option in new Option[] { _direction, _depth, _limit }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var query = string.Create(CultureInfo.InvariantCulture, $"direction={run.Get(_direction)}&depth={run.Get(_depth)}&limit={run.Get(_limit)}");
        var graph = await session.Client.GetAsync<Subgraph>($"{DagCommands.PathOf(run.Get(_node))}/subgraph?{query}", cancellationToken);
        run.Print(graph, screen =>
        {
            screen.Table(
                ["distance", "type", "interval", "period", "node"],
                graph.Nodes.OrderBy(node => node.Distance).Select(node => (IReadOnlyList<string>)[Screen.Whole(node.Distance), node.NodeType, Screen.Whole(node.Interval), Screen.Whole(node.Period), node.NodeId]));
            screen.Line($"{Screen.Whole(graph.Edges.Count)} edges{(graph.Truncated ? "; there are more nodes, raise --limit" : "")}");
        });
        return ExitCodes.Done;
    }
}
