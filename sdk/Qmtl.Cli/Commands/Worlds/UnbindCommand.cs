using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Takes a strategy out of a world.</summary>
internal sealed class UnbindCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Argument<string> _strategy = new("STRATEGY") { Description = "The strategy: its id, or its name where only one is called so." };

    public UnbindCommand(CliShell shell)
        : base(shell, "unbind", "Take a strategy out of a world: it leaves the active set, its entries close, and its stage is gone.")
    {
        Add(_world);
        Add(_strategy);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var strategy = await session.StrategyAsync(world, run.Get(_strategy), _strategy.Name, cancellationToken);
        await session.Client.DeleteAsync($"{WorldCommands.PathOf(world)}/bindings/{Uri.EscapeDataString(strategy)}", cancellationToken);
        run.Print(() => new JsonObject { ["world_id"] = world, ["strategy_id"] = strategy, ["bound"] = false }, screen => screen.Line($"{strategy}: no longer in {world}"));
        return ExitCodes.Done;
    }
}
