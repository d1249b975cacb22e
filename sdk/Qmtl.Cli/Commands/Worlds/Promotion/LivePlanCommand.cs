using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Promotion;

/// <summary>Whether a strategy may go live, and what would change.</summary>
internal sealed class LivePlanCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _strategy = PromotionCommands.Strategy();
    private readonly Option<string?> _run = PromotionCommands.RunOf();

    public LivePlanCommand(CliShell shell)
        : base(shell, "live-plan", "Show whether a strategy may go live, and what stands in the way.")
    {
        Add(_world);
        Add(_strategy);
        Add(_run);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var strategy = await session.StrategyAsync(run.Get(_world), run.Get(_strategy)!, _strategy.Name, cancellationToken);
        var plan = await ReadAsync(session, run.Get(_world), strategy, run.Get(_run) ?? "", cancellationToken);
        run.Print(plan, screen => PromotionTables.Draw(screen, plan));
        return plan.Eligible ? ExitCodes.Done : ExitCodes.Refused;
    }

    public static Task<PromotionPlan> ReadAsync(GatewaySession session, string world, string strategy, string runId, CancellationToken cancellationToken) => session.Client.GetAsync<PromotionPlan>(
        $"{PromotionCommands.PathOf(world)}/plan?strategy_id={Uri.EscapeDataString(strategy)}&run_id={Uri.EscapeDataString(runId)}", cancellationToken);
}
