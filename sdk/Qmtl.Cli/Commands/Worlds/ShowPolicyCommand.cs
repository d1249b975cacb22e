using System.CommandLine;
using System.Globalization;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>One version of a world's policy.</summary>
internal sealed class ShowPolicyCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<int> _version = Numbers.Whole("--version", 0, "Which version; by default the one in force.");

    public ShowPolicyCommand(CliShell shell)
        : base(shell, "show", "Show a world's policy.")
    {
        Add(_world);
        Add(_version);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        var path = WorldCommands.PathOf(world);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var version = run.Get(_version);
        if (version == 0) version = (await session.Client.GetAsync<World>(path, cancellationToken)).DefaultPolicyVersion;
        if (version == 0) throw new RefusalException(ReasonCodes.PolicyUnknown, $"{world} has no policy; give it one with: qmtl world policy upload {world} FILE");
        var policy = await session.Client.GetAsync<WorldPolicy>($"{path}/policies/{version.ToString(CultureInfo.InvariantCulture)}", cancellationToken);
        run.Print(policy, screen =>
        {
            screen.Line($"{world}: policy version {Screen.Whole(policy.Version)}{(policy.IsDefault ? ", in force" : "")}");
            screen.Fields(("preset", policy.Preset), ("checksum", policy.Checksum), ("in words", policy.Human));
            screen.Line(JsonText.Write(JsonText.Of(policy.Payload)!));
        });
        return ExitCodes.Done;
    }
}
