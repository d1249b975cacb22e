using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Puts a version of a world's policy in force.</summary>
internal sealed class SetDefaultPolicyCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Argument<int> _version = new("VERSION") { Description = "The version, from 1." };

    public SetDefaultPolicyCommand(CliShell shell)
        : base(shell, "set-default", "Put a version of a world's policy in force.")
    {
        Add(_world);
        Add(_version);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        var request = new SetDefaultPolicyRequest { WorldId = world, Version = run.Get(_version) };
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var answer = await session.Client.PostAsync<SetDefaultPolicyResponse>($"{WorldCommands.PathOf(world)}/set-default", request, cancellationToken);
        run.Print(answer, screen => screen.Line($"{world}: policy version {Screen.Whole(answer.Version)} is in force{(answer.PreviousVersion == 0 ? "" : $", before it was {Screen.Whole(answer.PreviousVersion)}")}"));
        return ExitCodes.Done;
    }
}
