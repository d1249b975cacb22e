using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Capital;

/// <summary>Shows the trades that lead from one set of shares to another; changes nothing.</summary>
internal sealed class RebalancePlanCommand : CliCommand
{
    private readonly RebalanceOptions _options = new();

    public RebalancePlanCommand(CliShell shell)
        : base(shell, "rebalance-plan", "Show the trades between two sets of shares; changes nothing.") => _options.AddTo(this);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var wanted = await _options.ReadAsync(run, cancellationToken);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var request = await wanted.CompleteAsync(session.Client, cancellationToken);
        var plan = await session.Client.PostAsync<RebalancePlan>("rebalancing/plan", request, cancellationToken);
        run.Print(plan, screen => RebalanceTables.Draw(screen, plan));
        return ExitCodes.Done;
    }
}
