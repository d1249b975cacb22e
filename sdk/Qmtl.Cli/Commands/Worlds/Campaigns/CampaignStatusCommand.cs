using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Campaigns;

/// <summary>Where each strategy stands on its way to live.</summary>
internal sealed class CampaignStatusCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _strategy = CampaignCommands.Strategy();

    public CampaignStatusCommand(CliShell shell)
        : base(shell, "campaign-status", "Show where each strategy stands on its way to live.")
    {
        Add(_world);
        Add(_strategy);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var path = $"{WorldCommands.PathOf(run.Get(_world))}/campaign/status?strategy_id={Uri.EscapeDataString(run.Get(_strategy) ?? "")}";
        var status = await session.Client.GetAsync<CampaignStatus>(path, cancellationToken);
        run.Print(status, screen => CampaignTables.Draw(screen, status));
        return ExitCodes.Done;
    }
}
