using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Promotion;

/// <summary>Takes a strategy back from live.</summary>
internal sealed class LiveDemoteCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _strategy = PromotionCommands.Strategy();
    private readonly Option<string> _reason = new("--reason", "-m") { Description = "Why.", HelpName = "TEXT", Required = true };
    private readonly Option<string?> _actor = PromotionCommands.Actor();

    public LiveDemoteCommand(CliShell shell)
        : base(shell, "live-demote", "Take a live strategy back to paper, at once.")
    {
        Add(_world);
        foreach (var option in new Option[] { _strategy, _reason, _actor }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var strategy = await session.StrategyAsync(run.Get(_world), run.Get(_strategy)!, _strategy.Name, cancellationToken);
        var request = new DemoteLiveRequest { StrategyId = strategy, Reason = run.Get(_reason)!, Actor = PromotionCommands.ActorOf(run, _actor) };
        var result = await session.Client.PostAsync<DemotionResult>($"{PromotionCommands.PathOf(run.Get(_world))}/demote", request, cancellationToken);
        run.Print(result, screen =>
        {
            screen.Line($"{result.StrategyId}: back to {result.Stage}");
            screen.Fields(("apply", result.ApplyRunId), ("phase", result.Apply?.Phase), ("apply did not begin", result.ApplyReason));
        });
        return ExitCodes.Done;
    }
}
