using System.CommandLine;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>One evaluation run of a strategy: the verdict, who overrode it, and the figures behind it.</summary>
internal sealed class RunStatusCommand : CliCommand
{
    private static readonly string[] Headline = ["sharpe", "max_dd", "effective_history_years", "trades"];
    private readonly Argument<string> _world = WorldCommands.World();
    private readonly Option<string> _strategy = new("--strategy", "-s") { Description = "A strategy of the world: its id, or its name where only one is called so.", HelpName = "ID", Required = true };
    private readonly Option<string> _run = new("--run") { Description = "Which evaluation run of it.", HelpName = "ID", DefaultValueFactory = _ => "latest" };
    private readonly Option<bool> _metrics = new("--metrics") { Description = "Show all metrics of the run." };

    public RunStatusCommand(CliShell shell)
        : base(shell, "run-status", "Show an evaluation run of a strategy.")
    {
        Add(_world);
        foreach (var option in new Option[] { _strategy, _run, _metrics }) Add(option);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var strategy = await session.StrategyAsync(run.Get(_world), run.Get(_strategy)!, _strategy.Name, cancellationToken);
        var path = $"{WorldCommands.PathOf(run.Get(_world))}/strategies/{Uri.EscapeDataString(strategy)}/runs/{Uri.EscapeDataString(run.Get(_run)!)}";
        var evaluation = await session.Client.GetAsync<EvaluationRun>(path, cancellationToken);
        run.Print(evaluation, screen => Draw(screen, evaluation, run.Get(_metrics)));
        return ExitCodes.Done;
    }

    private static void Draw(Screen screen, EvaluationRun run, bool all)
    {
        var summary = run.Summary ?? new EvaluationSummary();
        screen.Line($"{run.StrategyId}, run {run.RunId}: {(summary.Status.Length > 0 ? summary.Status : "not judged yet")}");
        screen.Fields(
            ("stage", run.Stage),
            ("risk tier", run.RiskTier),
            ("recommended", summary.RecommendedStage),
            ("selected", Screen.YesNo(summary.Active)),
            ("because", summary.Reason),
            ("review", summary.OverrideStatus is "" or "none" ? null : $"{summary.OverrideStatus} by {summary.OverrideActor}: {summary.OverrideReason}"),
            ("policy version", run.Validation is { } validation ? Screen.Whole(validation.PolicyVersion) : null),
            ("revision", Screen.Whole(run.Revision)));
        foreach (var violation in summary.ThresholdViolations) screen.Line($"  - {violation.Message}");
        foreach (var failure in run.ExPostFailures) screen.Line($"  - found later: {failure.ReasonCode}");
        var values = run.Metrics?.Values ?? [];
        var shown = all ? values.Keys.Order(StringComparer.Ordinal) : Headline.Where(values.ContainsKey);
        screen.Fields(shown.Select(name => (name, Screen.Number(values[name]))));
    }
}
