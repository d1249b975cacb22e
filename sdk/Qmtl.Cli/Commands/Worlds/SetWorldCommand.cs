using System.CommandLine;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Changes what a world permits.</summary>
internal sealed class SetWorldCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<bool?> _allowLive = Switch("--allow-live", "Whether live is possible at all; false takes everything live away.");
    private readonly Option<bool?> _circuit = Switch("--circuit-breaker", "true stops the world at once; false resets it, and leaves entries frozen until each is lifted.");
    private readonly Option<bool?> _shadow = Switch("--shadow", "Whether the world computes beside live without orders.");
    private readonly Option<string?> _state = new("--state") { Description = "ACTIVE or SUSPENDED." };

    public SetWorldCommand(CliShell shell)
        : base(shell, "set", "Change what a world permits.")
    {
        _state.AcceptOneOf("ACTIVE", "SUSPENDED");
        Add(_world);
        foreach (var option in new Option[] { _allowLive, _circuit, _shadow, _state }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var request = new UpdateWorldRequest { AllowLive = run.Get(_allowLive), CircuitBreaker = run.Get(_circuit), Shadow = run.Get(_shadow), State = run.Get(_state) };
        if (request.Equals(new UpdateWorldRequest())) throw new UsageException(_allowLive.Name, "Nothing to change; give --allow-live, --circuit-breaker, --shadow or --state.");
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var world = await session.Client.PutAsync<World>(WorldCommands.PathOf(run.Get(_world)!), request, cancellationToken);
        run.Print(world, screen =>
        {
            screen.Line($"{world.Id}: changed");
            screen.Fields(
                ("state", world.State),
                ("live allowed", Screen.YesNo(world.AllowLive)),
                ("circuit breaker", world.CircuitBreaker ? "tripped" : "reset"),
                ("shadow", Screen.YesNo(world.Shadow)));
        });
        return ExitCodes.Done;
    }

    private static Option<bool?> Switch(string name, string description) => new(name) { Description = description, HelpName = "true|false" };
}
