using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Capital;

/// <summary>Takes a run of allocations back.</summary>
internal sealed class AllocationRollbackCommand : CliCommand
{
    private readonly Argument<string> _target = new("RUN") { Description = "The run to take back." };
    private readonly Option<string> _run = new("--run-id") { Description = "Id of this run.", HelpName = "ID", Required = true };

    public AllocationRollbackCommand(CliShell shell)
        : base(shell, "allocation-rollback", "Give worlds the shares back they had before a run.")
    {
        Add(_target);
        Add(_run);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var request = new RollbackAllocationRequest { TargetRunId = run.Get(_target), RunId = run.Get(_run)! };
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var answer = await session.Client.PostAsync<RollbackAllocationResponse>("allocations/rollback", request, cancellationToken);
        run.Print(answer, screen =>
        {
            screen.Line($"run {answer.TargetRunId} is taken back");
            screen.Fields(answer.Allocations.Select(row => (row.WorldId, Screen.Percent(row.Allocation))).Append(("not allocated", Screen.Percent(answer.Unallocated))));
        });
        return ExitCodes.Done;
    }
}
