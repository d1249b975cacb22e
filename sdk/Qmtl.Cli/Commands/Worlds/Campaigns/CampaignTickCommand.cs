using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Campaigns;

/// <summary>What to do next; does nothing.</summary>
internal sealed class CampaignTickCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _strategy = CampaignCommands.Strategy();

    public CampaignTickCommand(CliShell shell)
        : base(shell, "campaign-tick", "Show what a campaign would do next; does nothing.")
    {
        Add(_world);
        Add(_strategy);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var path = $"{WorldCommands.PathOf(world)}/campaign/tick?strategy_id={Uri.EscapeDataString(run.Get(_strategy) ?? "")}";
        var tick = await session.Client.PostAsync<CampaignTick>(path, "", "application/json", cancellationToken);
        run.Print(tick, screen => CampaignTables.Draw(screen, tick));
        return ExitCodes.Done;
    }
}
