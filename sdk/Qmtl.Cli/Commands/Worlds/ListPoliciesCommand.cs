using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>All versions of a world's policy.</summary>
internal sealed class ListPoliciesCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();

    public ListPoliciesCommand(CliShell shell)
        : base(shell, "list", "List the versions of a world's policy.") => Add(_world);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var answer = await session.Client.GetAsync<ListPoliciesResponse>($"{WorldCommands.PathOf(run.Get(_world))}/policies", cancellationToken);
        run.Print(answer, screen => screen.Table(
            ["version", "in force", "preset", "created", "in words"],
            answer.Policies.Select(policy => (IReadOnlyList<string>)[Screen.Whole(policy.Version), Screen.YesNo(policy.IsDefault), policy.Preset, policy.CreatedAt?.ToDateTimeOffset().ToString("u") ?? "", policy.Human])));
        return ExitCodes.Done;
    }
}
