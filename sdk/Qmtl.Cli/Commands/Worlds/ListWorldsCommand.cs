using Google.Protobuf.Collections;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>All worlds.</summary>
internal sealed class ListWorldsCommand(CliShell shell) : CliCommand(shell, "list", "List worlds.")
{
    private const int PageSize = 500;

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var worlds = new RepeatedField<World>();
        for (var page = ""; ;)
        {
            var answer = await session.Client.GetAsync<ListWorldsResponse>($"worlds?limit={PageSize}&page_token={Uri.EscapeDataString(page)}", cancellationToken);
            worlds.AddRange(answer.Worlds);
            page = answer.NextPageToken;
            if (page.Length == 0) break;
        }

        run.Print(new ListWorldsResponse { Worlds = { worlds } }, screen =>
        {
            if (worlds.Count == 0) screen.Line("No worlds yet; create one with: qmtl world create NAME");
            else screen.Table(["id", "name", "state", "policy", "live"], worlds.Select(Row));
        });
        return ExitCodes.Done;
    }

    private static string[] Row(World world) =>
        [world.Id, world.Name, world.CircuitBreaker ? $"{world.State}, circuit breaker" : world.State, world.DefaultPolicyVersion == 0 ? "none" : $"v{Screen.Whole(world.DefaultPolicyVersion)}", Screen.YesNo(world.AllowLive)];
}
