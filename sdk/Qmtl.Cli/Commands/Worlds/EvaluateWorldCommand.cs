using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>A dry run: how a world's strategies stand by its policy, or by another one, and why.</summary>
internal sealed class EvaluateWorldCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly CandidateOptions _candidate = new();
    private readonly Option<string?> _strategy = new("--strategy", "-s") { Description = "Only this strategy.", HelpName = "ID" };

    public EvaluateWorldCommand(CliShell shell)
        : base(shell, "eval", "Show how a world's strategies stand by a policy, and why; records nothing.")
    {
        Add(_world);
        _candidate.AddTo(this);
        Add(_strategy);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var world = run.Get(_world);
        var request = await _candidate.ReadAsync(run, world, required: false, cancellationToken);
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var diff = await CandidateOptions.AskAsync(session.Client, request, cancellationToken);
        if (run.Get(_strategy) is { } strategy) Only(diff, strategy, world);
        run.Print(diff, screen => Draw(screen, diff));
        return ExitCodes.Done;
    }

    private static void Only(PolicyDiff diff, string strategy, string world)
    {
        var one = diff.Strategies.Where(change => string.Equals(change.StrategyId, strategy, StringComparison.Ordinal)).ToArray();
        if (one.Length == 0)
        {
            var known = diff.Unmeasured.Contains(strategy) ? "was never measured" : "is not bound to it or active in it";
            throw new RefusalException(ReasonCodes.StrategyUnknown, $"World '{world}' cannot judge strategy '{strategy}': it {known}.");
        }

        diff.Strategies.Clear();
        diff.Strategies.Add(one);
    }

    private static void Draw(Screen screen, PolicyDiff diff)
    {
        screen.Line($"{diff.WorldId}: by {(diff.CandidateVersion == 0 ? "the document" : $"policy version {Screen.Whole(diff.CandidateVersion)}")}, at {diff.At.ToDateTimeOffset():u}");
        if (diff.Strategies.Count == 0) screen.Line("No strategy was measured yet.");
        foreach (var standing in diff.Strategies.Select(change => change.Candidate).OrderBy(standing => standing.Rank ?? int.MaxValue))
        {
            var place = string.Join(", ", new[] { standing.Rank is { } rank ? $"rank {Screen.Whole(rank)}" : null, standing.Score is { } score ? $"score {Screen.Number(score)}" : null, standing.Code }.OfType<string>());
            screen.Line($"{(standing.Active ? "in " : "out")} {standing.StrategyId}: {place}");
            ReasonTree.Draw(screen, standing.Reasons);
        }

        if (diff.Unmeasured.Count > 0) screen.Line($"never measured: {string.Join(", ", diff.Unmeasured)}");
        foreach (var note in diff.Notes) screen.Line($"note: {note}");
    }
}
