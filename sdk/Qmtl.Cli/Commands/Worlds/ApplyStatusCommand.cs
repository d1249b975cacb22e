using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>One apply of a world, or all of them.</summary>
internal sealed class ApplyStatusCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _run = new("--run-id", "-r") { Description = "Only this run, in detail; latest is the newest.", HelpName = "ID" };
    private readonly Option<int> _limit = new("--limit") { Description = "At most so many, newest first.", HelpName = "N", DefaultValueFactory = _ => 20 };

    public ApplyStatusCommand(CliShell shell)
        : base(shell, "apply-status", "Show a world's applies and rollbacks.")
    {
        Add(_world);
        Add(_run);
        Add(_limit);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        if (run.Get(_run) is { } runId)
        {
            var one = await session.Client.GetAsync<ApplyRun>(ApplyProgress.PathOf(world, runId), cancellationToken);
            run.Print(one, screen =>
            {
                ApplyProgress.Draw(screen, one);
                screen.Table(["phase", "reached"], one.Stages.Select(stage => new[] { stage.Phase, stage.Ts.ToDateTimeOffset().ToString("u") }));
            });
            return ExitCodes.Done;
        }

        var list = await session.Client.GetAsync<ListApplyRunsResponse>($"{WorldCommands.PathOf(world)}/apply?limit={Screen.Whole(run.Get(_limit))}", cancellationToken);
        run.Print(list, screen =>
        {
            if (list.Runs.Count == 0) screen.Line("Nothing was applied yet.");
            else screen.Table(["run", "kind", "phase", "after", "because", "by"], list.Runs.Select(apply => new[] { apply.RunId, apply.Kind, apply.Phase, string.Join(", ", apply.Target), apply.Reason, apply.Actor }));
        });
        return ExitCodes.Done;
    }
}
