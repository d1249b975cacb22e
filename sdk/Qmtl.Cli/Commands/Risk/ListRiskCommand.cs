using System.CommandLine;
using Qmtl.Cli.Commands.Worlds;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>The snapshots of a world.</summary>
internal sealed class ListRiskCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<int> _limit = new("--limit", "-n") { Description = "At most this many, 1 to 500.", HelpName = "N", DefaultValueFactory = _ => 20 };

    public ListRiskCommand(CliShell shell)
        : base(shell, "list", "List risk snapshots, newest first.")
    {
        Add(_world);
        Add(_limit);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var answer = await session.Client.GetAsync<ListSnapshotsResponse>($"{RiskCommands.PathOf(run.Get(_world))}?limit={Screen.Whole(run.Get(_limit))}", cancellationToken);
        run.Print(answer, screen =>
        {
            if (answer.Snapshots.Count == 0) screen.Line("Nobody published a risk snapshot yet.");
            else screen.Table(
                ["version", "as of", "stage", "producer", "fresh until", "holds"],
                answer.Snapshots.Select(snapshot => (IReadOnlyList<string>)
                [
                    snapshot.Version, snapshot.AsOf.ToDateTimeOffset().ToString("u"), snapshot.Provenance.Stage, snapshot.Provenance.Actor, SnapshotHealth.ExpiresAt(snapshot).ToString("u"),
                    string.Join(", ", SnapshotHealth.FieldsOf(snapshot)),
                ]));
        });
        return ExitCodes.Done;
    }
}
