using System.CommandLine;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Sets the activation of one side of a strategy.</summary>
internal sealed class ActivationCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Argument<string> _strategy = new("STRATEGY") { Description = "The strategy: its id, or its name where only one is called so." };
    private readonly Option<string> _side = new("--side") { Description = "long or short.", DefaultValueFactory = _ => "long" };
    private readonly Option<bool> _active = new("--active") { Description = "Whether the side may trade.", HelpName = "true|false", DefaultValueFactory = _ => true };
    private readonly Option<double?> _weight = new("--weight") { Description = "Share of full size, 0 to 1.", HelpName = "N" };
    private readonly Option<bool> _freeze = new("--freeze") { Description = "No orders at all." };
    private readonly Option<bool> _drain = new("--drain") { Description = "No new orders; open ones may finish." };
    private readonly Option<string?> _mode = new("--mode") { Description = "The most it may do: validate, compute-only, paper, live or shadow; by default what world and stage allow." };

    public ActivationCommand(CliShell shell)
        : base(shell, "activation", "Lower, freeze or drain a strategy, or lift that again; never above its stage.")
    {
        _side.AcceptOneOf("long", "short");
        _mode.AcceptOneOf("validate", "compute-only", "paper", "live", "shadow");
        Add(_world);
        Add(_strategy);
        foreach (var option in new Option[] { _side, _active, _weight, _freeze, _drain, _mode }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var request = new PutActivationRequest
        {
            Side = run.Get(_side),
            Active = run.Get(_active),
            Weight = run.Get(_weight),
            Freeze = run.Get(_freeze),
            Drain = run.Get(_drain),
            EffectiveMode = run.Get(_mode),
        };
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        request.StrategyId = await session.StrategyAsync(run.Get(_world), run.Get(_strategy), _strategy.Name, cancellationToken);
        var entry = await session.Client.PutLiveAsync<ActivationEnvelope>($"{WorldCommands.PathOf(run.Get(_world))}/activation", request, cancellationToken);
        run.Print(entry, screen =>
        {
            screen.Line($"{entry.StrategyId} {entry.Side}: {(entry.Active ? entry.EffectiveMode : "inactive")}");
            screen.Fields(("mode", entry.EffectiveMode), ("weight", Screen.Number(entry.Weight)), ("frozen", Screen.YesNo(entry.Freeze)), ("drained", Screen.YesNo(entry.Drain)), ("etag", entry.Etag));
        });
        return ExitCodes.Done;
    }
}
