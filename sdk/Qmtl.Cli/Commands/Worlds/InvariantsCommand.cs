using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>Whether a world's governance and stored state still hold.</summary>
internal sealed class InvariantsCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();

    public InvariantsCommand(CliShell shell)
        : base(shell, "invariants", "Check whether a world's governance and state still hold; 1 when they do not.") => Add(_world);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var report = await session.Client.GetAsync<ValidationInvariantsReport>($"{WorldCommands.PathOf(run.Get(_world))}/validations/invariants", cancellationToken);
        run.Print(report, screen => Draw(screen, report));
        return report.Ok ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static void Draw(Screen screen, ValidationInvariantsReport report)
    {
        screen.Line(report.Ok ? $"{report.WorldId}: everything holds" : $"{report.WorldId}: something does not hold");
        var findings = report.LiveStatusFailures.Concat(report.FailClosedViolations).Concat(report.StateViolations).Concat(report.ValidationHealthGaps).ToArray();
        if (findings.Length > 0) screen.Table(["code", "finding"], findings.Select(finding => (IReadOnlyList<string>)[finding.ReasonCode, finding.Message]));
        if (report.ApprovedOverrides.Count == 0) return;
        screen.Heading("approved against a verdict");
        screen.Table(
            ["strategy", "run", "by", "review", "lacks"],
            report.ApprovedOverrides.Select(review => (IReadOnlyList<string>)
            [
                review.StrategyId, review.RunId, review.Actor, $"{(review.ReviewOverdue ? "overdue since" : "by")} {review.ReviewDueAt?.ToDateTimeOffset().ToString("u") ?? "its beginning"}", string.Join(", ", review.MissingFields),
            ]));
    }
}
