using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Brings back what stood before an apply, ends one in progress, or lets go of a world that one left frozen.</summary>
internal sealed class RollbackCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _run = new("--run-id", "-r") { Description = "Id of this rollback; repeating one shows how it stands.", HelpName = "ID", Required = true };
    private readonly Option<string?> _target = new("--target", "-t") { Description = "Run to undo; without it the one in progress, else the newest completed.", HelpName = "ID" };
    private readonly Option<string?> _reason = new("--reason") { Description = "Why, for the audit.", HelpName = "TEXT" };
    private readonly Option<string?> _etag = new("--etag") { Description = "Etag of the decisions as you know them.", HelpName = "ETAG" };
    private readonly ApplyProgress _progress = new();

    public RollbackCommand(CliShell shell)
        : base(shell, "rollback", "Bring back what stood before an apply.")
    {
        Add(_world);
        foreach (var option in new Option[] { _run, _target, _reason, _etag }) Add(option);
        _progress.AddTo(this);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        var request = new RollbackRequest { RunId = run.Get(_run)!, TargetRunId = run.Get(_target) ?? "", Reason = run.Get(_reason) ?? "", Etag = run.Get(_etag) ?? "", WaitMs = 0 };
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        await session.Client.PostLiveAsync<ApplyAck>($"{WorldCommands.PathOf(world)}/rollback", request, cancellationToken);
        return await _progress.FollowAsync(run, session.Client, world, request.RunId, cancellationToken);
    }
}
