using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Commands.Worlds;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Risk;

/// <summary>Whether somebody supplies a world with risk snapshots now; for probes too, by its exit code.</summary>
internal sealed class RiskHealthCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();

    public RiskHealthCommand(CliShell shell)
        : base(shell, "health", "Tell whether a world has a fresh risk snapshot; 1 when it has none.") => Add(_world);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var path = RiskCommands.PathOf(run.Get(_world));
        await using var session = await run.OpenGatewayAsync(cancellationToken);

        // Refuses an unknown world, which would look like a world without snapshots otherwise.
        var all = await session.Client.GetAsync<ListSnapshotsResponse>($"{path}?limit=1", cancellationToken);
        var fresh = await session.Client.FindAsync<RiskSnapshot>($"{path}/latest", cancellationToken);
        var newest = fresh ?? (all.Snapshots.Count > 0 ? all.Snapshots[0] : null);
        run.Print(
            () => new JsonObject { ["world_id"] = run.Get(_world), ["fresh"] = fresh is not null, ["newest"] = JsonText.Of(newest) },
            screen =>
            {
                screen.Line($"{run.Get(_world)}: {(fresh is not null ? "fresh" : newest is null ? "nobody published a risk snapshot yet" : "stale")}");
                if (newest is not null) screen.Fields(
                    ("newest", newest.Version), ("producer", newest.Provenance.Actor), ("stage", newest.Provenance.Stage), ("fresh until", SnapshotHealth.ExpiresAt(newest).ToString("u")), ("holds", string.Join(", ", SnapshotHealth.FieldsOf(newest))));
            });
        return fresh is not null ? ExitCodes.Done : ExitCodes.Failed;
    }
}
