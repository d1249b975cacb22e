using System.CommandLine;
using System.Globalization;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Graph;

/// <summary>Who is affected when a node's values change.</summary>
internal sealed class ImpactCommand : CliCommand
{
    private readonly Argument<string> _node = DagCommands.Node();
    private readonly Option<int> _limit = Numbers.Whole("--limit", 100, "At most so many strategies, most affected first.");

    public ImpactCommand(CliShell shell)
        : base(shell, "impact", "Tell which strategies and worlds run a node, or anything that depends on it.")
    {
        Add(_node);
        Add(_limit);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var report = await session.Client.GetAsync<ImpactReport>(string.Create(CultureInfo.InvariantCulture, $"{DagCommands.PathOf(run.Get(_node))}/impact?limit={run.Get(_limit)}"), cancellationToken);
        run.Print(report, screen =>
        {
            screen.Line($"{Screen.Whole(report.DownstreamNodes)} nodes depend on it; {Screen.Whole(report.Queues)} queues carry their values");
            screen.Table(
                ["strategy", "version", "world", "domain", "nodes"],
                report.Strategies.Select(strategy => (IReadOnlyList<string>)[strategy.StrategyId, strategy.Version, strategy.WorldId, strategy.ExecutionDomain, Screen.Whole(strategy.Nodes)]));
            if (report.Truncated) screen.Line("There are more strategies; raise --limit.");
        });
        return ExitCodes.Done;
    }
}
