using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Promotion;

/// <summary>The paper runs that may go live.</summary>
internal sealed class LiveCandidatesCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<int> _limit = new("--limit", "-n") { Description = "At most this many.", HelpName = "N", DefaultValueFactory = _ => 20 };
    private readonly Option<bool> _plans = new("--include-plan") { Description = "Show what stands in the way of each." };

    public LiveCandidatesCommand(CliShell shell)
        : base(shell, "live-candidates", "List the strategies that may go live, freshest first.")
    {
        Add(_world);
        Add(_limit);
        Add(_plans);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var path = $"{PromotionCommands.PathOf(run.Get(_world))}/candidates?limit={Screen.Whole(run.Get(_limit))}&include_plan={(run.Get(_plans) ? "true" : "false")}";
        var candidates = await session.Client.GetAsync<PromotionCandidates>(path, cancellationToken);
        run.Print(candidates, screen => PromotionTables.Draw(screen, candidates));
        return ExitCodes.Done;
    }
}
