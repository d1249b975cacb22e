using System.CommandLine;
using System.Text.Json;
using Qmtl.Cli.Commands.Worlds;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.Identity;
using Qmtl.Protos;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>Publishes a snapshot as its producer.</summary>
internal sealed class PublishRiskCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _file = new("--file", "-f") { Description = "The snapshot in JSON; - reads the standard input.", HelpName = "FILE", Required = true };
    private readonly Option<string?> _actor = new("--actor") { Description = "Who publishes; by default the snapshot's provenance.", HelpName = "NAME" };
    private readonly Option<string?> _stage = new("--stage") { Description = "backtest, paper or live; by default the snapshot's provenance.", HelpName = "STAGE" };

    public PublishRiskCommand(CliShell shell)
        : base(shell, "publish", "Publish a risk snapshot.")
    {
        Add(_world);
        foreach (var option in new Option[] { _file, _actor, _stage }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var snapshot = Read(await TextFile.ReadAsync(run.Host, run.Get(_file)!, cancellationToken));
        var headers = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["X-Actor"] = Given(run.Get(_actor), snapshot.Provenance?.Actor, "--actor"),
            ["X-Stage"] = Given(run.Get(_stage), snapshot.Provenance?.Stage, "--stage"),
        };
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var stored = await session.Client.PostAsync<RiskSnapshot>(RiskCommands.PathOf(run.Get(_world)), snapshot, headers, cancellationToken);
        run.Print(stored, screen => RiskCommands.DrawStored(screen, stored));
        return ExitCodes.Done;
    }

    private static RiskSnapshot Read(string text)
    {
        try
        {
            return ProtoJson.Read<RiskSnapshot>(text);
        }
        catch (Exception problem) when (problem is JsonException or ProtoJsonException)
        {
            throw RefusalException.At(ReasonCodes.InvalidJson, "/file", $"The file is no risk snapshot: {problem.Message}");
        }
    }

    private static string Given(string? option, string? inFile, string name) =>
        !string.IsNullOrEmpty(option) ? option
        : !string.IsNullOrEmpty(inFile) ? inFile
        : throw new UsageException(name.TrimStart('-'), $"{name} is missing; give it, or write it into the snapshot's provenance.");
}
