using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Promotion;

/// <summary>What was promoted and demoted, by whom, and what became of it.</summary>
internal sealed class LiveLogCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _strategy = new("--strategy", "-s") { Description = "Only this strategy.", HelpName = "ID" };

    public LiveLogCommand(CliShell shell)
        : base(shell, "live-log", "List promotions and demotions, newest first.")
    {
        Add(_world);
        Add(_strategy);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var strategy = run.Get(_strategy) is { Length: > 0 } given ? await session.StrategyAsync(run.Get(_world), given, _strategy.Name, cancellationToken) : "";
        var log = await session.Client.GetAsync<ListPromotionsResponse>($"{PromotionCommands.PathOf(run.Get(_world))}?strategy_id={Uri.EscapeDataString(strategy)}", cancellationToken);
        run.Print(log, screen => PromotionTables.Draw(screen, log));
        return ExitCodes.Done;
    }
}
