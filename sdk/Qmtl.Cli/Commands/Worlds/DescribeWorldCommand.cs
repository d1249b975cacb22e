using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>A world with its policy in words.</summary>
internal sealed class DescribeWorldCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();

    public DescribeWorldCommand(CliShell shell)
        : base(shell, "describe", "Show a world and its policy.")
    {
        Aliases.Add("info");
        Add(_world);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var description = await session.Client.GetAsync<WorldDescription>($"{WorldCommands.PathOf(run.Get(_world))}/describe", cancellationToken);
        run.Print(description, screen => Draw(screen, description));
        return ExitCodes.Done;
    }

    private static void Draw(Screen screen, WorldDescription description)
    {
        var world = description.World;
        screen.Line($"{world.Id}: {world.Name}");
        screen.Fields(
            ("about", world.Description),
            ("owner", world.Owner),
            ("labels", string.Join(", ", world.Labels)),
            ("state", world.CircuitBreaker ? $"{world.State}, circuit breaker tripped" : world.State),
            ("live allowed", Screen.YesNo(world.AllowLive)),
            ("policy", world.DefaultPolicyVersion == 0 ? "none" : $"version {Screen.Whole(world.DefaultPolicyVersion)}{(description.PolicyPreset.Length > 0 ? $" from preset {description.PolicyPreset}" : "")}"),
            ("in words", description.PolicyHuman),
            ("strategies", Screen.Whole(description.BindingCount)),
            ("active", string.Join(", ", description.Active)));
    }
}
