using System.CommandLine;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Shows the trades that lead from one set of shares to another; changes nothing.</summary>
internal sealed class RebalancePlanCommand : CliCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "Shares before and after and the positions, as JSON; - reads the standard input." };

    public RebalancePlanCommand(CliShell shell)
        : base(shell, "rebalance-plan", "Show the trades between two sets of shares.") => Add(_file);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var request = await TextFile.ReadAsync(run.Host, run.Get(_file), cancellationToken);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var plan = await session.Client.PostAsync<RebalancePlan>("rebalancing/plan", request, "application/json", cancellationToken);
        run.Print(plan, screen => Draw(screen, plan));
        return ExitCodes.Done;
    }

    private static void Draw(Screen screen, RebalancePlan plan)
    {
        screen.Table(
            ["world", "scale", "gross before", "gross after", "not reached"],
            plan.PerWorld.OrderBy(world => world.Key, StringComparer.Ordinal).Select(world => (IReadOnlyList<string>)
            [
                world.Key, Screen.Number(world.Value.ScaleWorld)!, Screen.Number(world.Value.GrossBefore)!, Screen.Number(world.Value.GrossAfter)!, Screen.Number(world.Value.ResidualNotional)!,
            ]));
        var trades = plan.PerWorld.OrderBy(world => world.Key, StringComparer.Ordinal).SelectMany(world => world.Value.Deltas).Concat(plan.OverlayDeltas).ToArray();
        if (trades.Length == 0) screen.Line("Nothing to trade.");
        else screen.Table(["world", "strategy", "venue", "symbol", "quantity", "notional"], trades.Select(Row));
        foreach (var warning in plan.Warnings) screen.Line($"  note: {warning}");
    }

    private static IReadOnlyList<string> Row(SymbolDelta trade) =>
        [trade.WorldId, trade.StrategyId.Length > 0 ? trade.StrategyId : Screen.Whole(trade.Parts.Count) + " parts", trade.Venue, trade.Symbol, Screen.Number(trade.DeltaQty)!, Screen.Number(trade.DeltaNotional)!];
}
