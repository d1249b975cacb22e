using System.CommandLine;
using Google.Protobuf.Collections;
using Qmtl.Cli.Shell;
using Qmtl.Client;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Follows a run until it is over, and shows its phases as they come.</summary>
internal sealed class ApplyProgress
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private readonly Option<int> _wait = new("--wait") { Description = "Seconds to wait for the end of the run; it goes on afterwards.", HelpName = "S", DefaultValueFactory = _ => 60 };

    public void AddTo(Command command) => command.Add(_wait);

    /// <summary>Waits for the end.</summary>
    /// <returns>Done; failed when it was rolled back or is not over.</returns>
    public async Task<int> FollowAsync(CliRun run, GatewayClient gateway, string world, string runId, CancellationToken cancellationToken)
    {
        var until = TimeProvider.System.GetUtcNow().AddSeconds(run.Get(_wait));
        var shown = 0;
        while (true)
        {
            var apply = await gateway.GetAsync<ApplyRun>(PathOf(world, runId), cancellationToken);
            if (!run.Json)
            {
                foreach (var stage in apply.Stages.Skip(shown)) await run.Host.Error.WriteLineAsync($"{stage.Ts.ToDateTimeOffset():HH:mm:ss.fff} {stage.Phase}");
            }

            shown = apply.Stages.Count;
            var isOver = apply.Phase is "completed" or "rolled_back";
            if (isOver || TimeProvider.System.GetUtcNow() >= until)
            {
                run.Print(apply, screen => Draw(screen, apply));
                return apply.Phase is "completed" ? ExitCodes.Done : ExitCodes.Failed;
            }

            await Task.Delay(Every, cancellationToken);
        }
    }

    public static string PathOf(string world, string runId) => $"{WorldCommands.PathOf(world)}/apply/{Uri.EscapeDataString(runId)}";

    public static void Draw(Screen screen, ApplyRun run)
    {
        screen.Line($"{run.WorldId}: {run.Kind} {run.RunId} {run.Phase}");
        screen.Fields(
            ("because", run.Reason.Length > 0 ? run.Reason : null),
            ("active before", Ids(run.Previous)),
            ("active after", Ids(run.Target)),
            ("undoes", run.TargetRunId.Length > 0 ? run.TargetRunId : null),
            ("waiting for", run.WaitingFor.Count > 0 ? string.Join(", ", run.WaitingFor) : null),
            ("positions", run.OnPromote.Length + run.OnDemote.Length > 0 ? $"on promote {run.OnPromote}, on demote {run.OnDemote}" : null),
            ("asked by", run.Actor),
            ("next", run.Phase is "rolled_back" ? $"the world stays frozen: qmtl world rollback {run.WorldId} --run-id ID --target {run.RunId}, or another apply" : null));
    }

    private static string Ids(RepeatedField<string> ids) => ids.Count > 0 ? string.Join(", ", ids) : "none";
}
