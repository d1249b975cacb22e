using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Capital;

/// <summary>Shares of equity as they were last set.</summary>
internal sealed class AllocationsCommand : CliCommand
{
    private readonly Option<string?> _world = new("--world-id", "--world", "-w") { Description = "Only this world.", HelpName = "W" };

    public AllocationsCommand(CliShell shell)
        : base(shell, "allocations", "Show each world's share of equity.") => Add(_world);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var path = $"allocations?world_id={Uri.EscapeDataString(run.Get(_world) ?? "")}";
        var answer = await session.Client.FindAsync<GetAllocationsResponse>(path, cancellationToken) ?? new GetAllocationsResponse();
        run.Print(answer, screen =>
        {
            if (answer.Allocations.Count == 0) screen.Line("No capital was allocated yet.");
            foreach (var (world, snapshot) in answer.Allocations.OrderBy(allocation => allocation.Key, StringComparer.Ordinal)) Draw(screen, world, snapshot);
        });
        return ExitCodes.Done;
    }

    private static void Draw(Screen screen, string world, AllocationSnapshot snapshot)
    {
        screen.Line($"{world}: {Screen.Percent(snapshot.Allocation)} of equity");
        screen.Fields(snapshot.StrategyAllocTotal.OrderBy(share => share.Key, StringComparer.Ordinal).Select(share => (share.Key, Screen.Percent(share.Value)))
            .Prepend(("run", snapshot.RunId)).Append(("updated", snapshot.UpdatedAt?.ToDateTimeOffset().ToString("u"))).Append(("note", snapshot.Stale ? "older than its time to live" : null)));
    }
}
