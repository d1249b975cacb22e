using System.CommandLine;
using System.Text.Json.Nodes;
using Qmtl.Cli.Shell;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Deletes a world; its records stay for the audit.</summary>
internal sealed class DeleteWorldCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();

    public DeleteWorldCommand(CliShell shell)
        : base(shell, "delete", "Delete a world; its records stay for the audit.") => Add(_world);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        await session.Client.DeleteAsync(WorldCommands.PathOf(world), cancellationToken);
        run.Print(() => new JsonObject { ["world_id"] = world, ["deleted"] = true }, screen => screen.Line($"{world}: deleted"));
        return ExitCodes.Done;
    }
}
