using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Commands.Worlds;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>What the producers of a world's snapshots should look at.</summary>
internal sealed class LintRiskCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<int> _limit = new("--limit", "-n") { Description = "Look at this many, 1 to 500.", HelpName = "N", DefaultValueFactory = _ => 20 };

    public LintRiskCommand(CliShell shell)
        : base(shell, "lint", "Look for missing fields, old figures and gaps in a world's risk snapshots.")
    {
        Add(_world);
        Add(_limit);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var answer = await session.Client.GetAsync<ListSnapshotsResponse>($"{RiskCommands.PathOf(run.Get(_world))}?limit={Screen.Whole(run.Get(_limit))}", cancellationToken);
        var findings = SnapshotHealth.Lint(answer.Snapshots).ToArray();
        run.Print(
            () => new JsonObject
            {
                ["snapshots"] = answer.Snapshots.Count,
                ["findings"] = new JsonArray([.. findings.Select(finding => new JsonObject { ["version"] = finding.Version, ["finding"] = finding.Finding })]),
            },
            screen =>
            {
                if (findings.Length == 0) screen.Line($"{Screen.Whole(answer.Snapshots.Count)} snapshots, nothing to look at.");
                else screen.Table(["version", "finding"], findings.Select(finding => (IReadOnlyList<string>)[finding.Version, finding.Finding]));
            });
        return findings.Length == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }
}
