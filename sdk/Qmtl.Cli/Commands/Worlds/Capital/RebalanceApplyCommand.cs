using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Capital;

/// <summary>Records a plan as decided and announces it to whoever trades; sends no orders itself.</summary>
internal sealed class RebalanceApplyCommand : CliCommand
{
    private readonly RebalanceOptions _options = new();
    private readonly Option<string> _run = new("--run-id", "-r") { Description = "Id of the run; repeating it records nothing twice.", HelpName = "ID", Required = true };

    public RebalanceApplyCommand(CliShell shell)
        : base(shell, "rebalance-apply", "Record the trades between two sets of shares as decided; sends no orders.")
    {
        _options.AddTo(this);
        Add(_run);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var wanted = await _options.ReadAsync(run, cancellationToken);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var request = new ApplyRebalanceRequest { RunId = run.Get(_run)!, Request = await wanted.CompleteAsync(session.Client, cancellationToken) };
        var applied = await session.Client.PostLiveAsync<ApplyRebalanceResponse>("rebalancing/apply", request, cancellationToken);
        run.Print(applied, screen =>
        {
            RebalanceTables.Draw(screen, applied.Plan);
            screen.Line($"recorded as run {applied.RunId}");
            screen.Fields(("plan", applied.PlanDigest));
        });
        return ExitCodes.Done;
    }
}
