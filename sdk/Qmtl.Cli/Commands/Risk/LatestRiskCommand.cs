using System.CommandLine;
using Qmtl.Cli.Commands.Worlds;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>The snapshot that decisions about a world rest on now.</summary>
internal sealed class LatestRiskCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _stage = new("--stage") { Description = "Only of this stage.", HelpName = "STAGE" };
    private readonly Option<string?> _actor = new("--actor") { Description = "Only of this producer.", HelpName = "NAME" };
    private readonly Option<bool> _expand = new("--expand") { Description = "Show large fields too." };

    public LatestRiskCommand(CliShell shell)
        : base(shell, "latest", "Show the newest risk snapshot that has not expired.")
    {
        Add(_world);
        foreach (var option in new Option[] { _stage, _actor, _expand }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var query = $"stage={Uri.EscapeDataString(run.Get(_stage) ?? "")}&actor={Uri.EscapeDataString(run.Get(_actor) ?? "")}&expand={(run.Get(_expand) ? "true" : "false")}";
        var snapshot = await session.Client.GetAsync<RiskSnapshot>($"{RiskCommands.PathOf(run.Get(_world))}/latest?{query}", cancellationToken);
        run.Print(snapshot, screen =>
        {
            screen.Line($"{snapshot.WorldId}: snapshot {snapshot.Version} of {snapshot.Provenance.Actor} ({snapshot.Provenance.Stage})");
            screen.Fields(
                ("as of", snapshot.AsOf.ToDateTimeOffset().ToString("u")),
                ("fresh until", SnapshotHealth.ExpiresAt(snapshot).ToString("u")),
                ("holds", string.Join(", ", SnapshotHealth.FieldsOf(snapshot))),
                ("hash", snapshot.Hash));
            screen.Table(["name", "weight"], snapshot.Weights.OrderByDescending(weight => Math.Abs(weight.Value)).ThenBy(weight => weight.Key, StringComparer.Ordinal).Select(weight => (IReadOnlyList<string>)[weight.Key, Screen.Number(weight.Value)!]));
        });
        return ExitCodes.Done;
    }
}
