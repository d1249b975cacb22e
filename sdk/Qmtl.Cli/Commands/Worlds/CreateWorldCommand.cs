using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Creates a world and gives it its first policy.</summary>
internal sealed class CreateWorldCommand : CliCommand
{
    private const string DefaultPreset = "conservative";
    private readonly Argument<string> _world = new("WORLD") { Description = "Id of the new world: a-z, 0-9, \"_\" and \"-\"." };
    private readonly Option<string?> _policy = new("--policy", "-p") { Description = "Policy document, YAML or JSON, instead of a preset.", HelpName = "FILE" };
    private readonly PresetOptions _preset = new($"Preset to make the policy from: sandbox, conservative, moderate or aggressive; by default {DefaultPreset}.");
    private readonly Option<string> _name = Text("--name", "Name for people.");
    private readonly Option<string> _description = Text("--description", "What the world is for.");
    private readonly Option<string> _owner = Text("--owner", "Who answers for it.");
    private readonly Option<string[]> _labels = new("--label") { Description = "A free label; repeatable.", HelpName = "TEXT", DefaultValueFactory = _ => [] };
    private readonly Option<bool> _allowLive = new("--allow-live") { Description = "Whether live is possible at all." };

    public CreateWorldCommand(CliShell shell)
        : base(shell, "create", "Create a world with a policy.")
    {
        Add(_world);
        Add(_policy);
        _preset.AddTo(this);
        foreach (var option in new Option[] { _name, _description, _owner, _labels, _allowLive }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var policy = await PolicyAsync(run, cancellationToken);
        var request = new CreateWorldRequest
        {
            Id = run.Get(_world),
            Name = run.Get(_name),
            Description = run.Get(_description),
            Owner = run.Get(_owner),
            AllowLive = run.Get(_allowLive),
            Labels = { run.Get(_labels) },
            Policy = policy.Text,
        };
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var world = await session.Client.PostAsync<World>("worlds", request, cancellationToken);
        run.Print(
            () => new JsonObject { ["world"] = JsonText.Of(world), ["policy"] = new JsonObject { ["version"] = world.DefaultPolicyVersion, ["origin"] = policy.Origin } },
            screen => screen.Line($"{world.Id}: created with policy version {Screen.Whole(world.DefaultPolicyVersion)} from {policy.Origin}"));
        return ExitCodes.Done;
    }

    private async Task<PolicyUpload> PolicyAsync(CliRun run, CancellationToken cancellationToken)
    {
        if (run.Get(_policy) is not { } file) return _preset.Read(run, DefaultPreset);
        if (_preset.AreGiven(run)) throw new UsageException(_policy.Name, $"{_policy.Name} and --preset exclude each other; give one of them.");
        return await PolicyFile.ReadAsync(run, file, cancellationToken);
    }

    private static Option<string> Text(string name, string description) => new(name) { Description = description, HelpName = "TEXT", DefaultValueFactory = _ => "" };
}
