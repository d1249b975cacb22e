using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Promotion;

/// <summary>Takes a strategy live.</summary>
internal sealed class LiveApplyCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _strategy = PromotionCommands.Strategy();
    private readonly Option<string?> _run = PromotionCommands.RunOf();
    private readonly Option<string?> _runId = new("--run-id") { Description = "Id of the apply; repeating it does nothing twice.", HelpName = "ID" };
    private readonly Option<bool> _planOnly = new("--plan-only") { Description = "Only show the plan." };
    private readonly Option<bool> _force = new("--force") { Description = "Waive approval and failed validation, together with a second person who asks for the same." };
    private readonly Option<string?> _actor = PromotionCommands.Actor();

    public LiveApplyCommand(CliShell shell)
        : base(shell, "live-apply", "Take an approved strategy live.")
    {
        Add(_world);
        foreach (var option in new Option[] { _strategy, _run, _runId, _planOnly, _force, _actor }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var (world, paper) = (run.Get(_world), run.Get(_run) ?? "");
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var strategy = await session.StrategyAsync(world, run.Get(_strategy)!, _strategy.Name, cancellationToken);
        if (run.Get(_planOnly))
        {
            var plan = await LivePlanCommand.ReadAsync(session, world, strategy, paper, cancellationToken);
            run.Print(plan, screen => PromotionTables.Draw(screen, plan));
            return ExitCodes.Done;
        }

        var request = new PromotionApplyRequest
        {
            StrategyId = strategy,
            RunId = paper,
            ApplyRunId = run.Get(_runId) ?? "",
            Force = run.Get(_force),
            Actor = PromotionCommands.ActorOf(run, _actor),
        };
        var result = await session.Client.PostLiveAsync<PromotionResult>($"{PromotionCommands.PathOf(world)}/apply", request, cancellationToken);
        run.Print(result, screen => PromotionTables.Draw(screen, result));
        return result.Applied ? ExitCodes.Done : ExitCodes.Refused;
    }
}
