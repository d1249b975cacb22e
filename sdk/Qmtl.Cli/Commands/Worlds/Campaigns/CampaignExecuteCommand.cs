using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds.Campaigns;

/// <summary>Takes the steps of a campaign once.</summary>
internal sealed class CampaignExecuteCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string?> _strategy = CampaignCommands.Strategy();
    private readonly Option<bool> _evaluate = CampaignCommands.Evaluate();
    private readonly Option<bool> _live = CampaignCommands.Live();

    public CampaignExecuteCommand(CliShell shell)
        : base(shell, "campaign-execute", "Take the steps of a campaign, each once; shows them only unless told otherwise.")
    {
        Add(_world);
        foreach (var option in new Option[] { _strategy, _evaluate, _live }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var runner = new CampaignRunner(session.Client, run.Get(_world), run.Get(_strategy) ?? "", run.Get(_evaluate), run.Get(_live));
        var execution = await runner.RunAsync("", cancellationToken);
        run.Print(execution, screen => CampaignTables.Draw(screen, execution));
        return ExitCodeOf(execution, run.Get(_live));
    }

    /// <summary>A failure outweighs a refusal; a step that waits for its time or for a person is neither, but one to live that was asked for and not taken is refused.</summary>
    private static int ExitCodeOf(CampaignExecution execution, bool live)
    {
        int[] failed = [.. execution.Steps.Where(step => step.Outcome is "failed").Select(step => ExitCodes.Of(step.Reason))];
        if (failed.Contains(ExitCodes.Failed)) return ExitCodes.Failed;
        return failed.Length > 0 || (live && execution.Steps.Any(step => step.Action.Action is CampaignRunner.ToLive && step.Outcome is "skipped")) ? ExitCodes.Refused : ExitCodes.Done;
    }
}
