using System.CommandLine;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Uploads a further version of a world's policy. The first becomes the one in force, later ones wait to be chosen.</summary>
internal sealed class UploadPolicyCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Argument<string?> _file = new("FILE") { Description = "Policy document, YAML or JSON; - reads YAML from the standard input.", Arity = ArgumentArity.ZeroOrOne };
    private readonly PresetOptions _preset = new("Preset to make the policy from, instead of a file.");

    public UploadPolicyCommand(CliShell shell)
        : base(shell, "upload", "Upload a version of a world's policy.")
    {
        Add(_world);
        Add(_file);
        _preset.AddTo(this);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var policy = await PolicyAsync(run, cancellationToken);
        var world = run.Get(_world);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var uploaded = await policy.SendAsync(session.Client, world, cancellationToken);
        run.Print(uploaded, screen => screen.Line(uploaded.IsDefault
            ? $"{world}: policy version {Screen.Whole(uploaded.Version)} from {policy.Origin} is in force"
            : $"{world}: policy version {Screen.Whole(uploaded.Version)} from {policy.Origin} waits; put it in force with: qmtl world policy set-default {world} {Screen.Whole(uploaded.Version)}"));
        return ExitCodes.Done;
    }

    private async Task<PolicyUpload> PolicyAsync(CliRun run, CancellationToken cancellationToken) => (run.Parse.GetValue(_file), _preset.AreGiven(run)) switch
    {
        ({ } file, false) => await PolicyFile.ReadAsync(run, file, cancellationToken),
        (null, true) => _preset.Read(run, "conservative"),
        (null, false) => throw new UsageException("file", "FILE is missing; give a policy document, or --preset NAME."),
        _ => throw new UsageException("file", "FILE and --preset exclude each other; give one of them."),
    };
}
