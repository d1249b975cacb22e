using System.CommandLine;
using Qmtl.Cli.Options;
using Qmtl.Cli.Shell;
using Qmtl.V1;

namespace Qmtl.Cli.Commands.Worlds;

/// <summary>How the live strategies of a world did when they were last looked at.</summary>
internal sealed class MonitorReportCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();

    public MonitorReportCommand(CliShell shell)
        : base(shell, "report", "Show how a world's live strategies keep up what they promised.") => Add(_world);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var report = await session.Client.GetAsync<LiveMonitoringReport>($"{WorldCommands.PathOf(run.Get(_world))}/live-monitoring/report", cancellationToken);
        run.Print(report, screen =>
        {
            screen.Line(report.LastRunAt is { } at ? $"{report.WorldId}: monitored at {at.ToDateTimeOffset():u}, {report.LastStatus} {report.LastReason}".TrimEnd() : $"{report.WorldId}: never monitored");
            if (report.Strategies.Count == 0) screen.Line("No strategy is live.");
            else screen.Table(["strategy", "result", "sharpe", "drawdown", "of backtest", "returns", "because"], report.Strategies.Select(Row));
        });
        return ExitCodes.Done;
    }

    private static IReadOnlyList<string> Row(LiveMonitoringStrategy strategy) =>
    [
        strategy.StrategyId, strategy.Result?.Status ?? "not monitored", Screen.Number(strategy.LiveSharpe) ?? "-", Screen.Percent(strategy.LiveMaxDrawdown) ?? "-",
        Screen.Number(strategy.LiveVsBacktestSharpeRatio) ?? "-", Screen.Whole(strategy.Points), strategy.Result is { Status: not "pass" } result ? result.ReasonCode : "",
    ];
}

/// <summary>Judges the live strategies of one world, or of all, now.</summary>
internal sealed class MonitorRunCommand : CliCommand
{
    private readonly Argument<string?> _world = new("WORLD") { Description = "The world's id. Instead of --all.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<bool> _all = new("--all") { Description = "Judge every world the caller may operate." };
    private readonly Option<string?> _tier = new("--tier") { Description = "With --all: only worlds of this risk tier.", HelpName = "TIER" };

    public MonitorRunCommand(CliShell shell)
        : base(shell, "run", "Judge a world's live results now, or those of all; 1 when that is not possible.")
    {
        _tier.AcceptOneOf("low", "medium", "high");
        Add(_world);
        Add(_all);
        Add(_tier);
    }

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        var (world, all, tier) = (run.Parse.GetValue(_world), run.Get(_all), run.Get(_tier));
        if (world is null == !all) throw new UsageException(_all.Name, "Which world? Give WORLD or --all, one of them.");
        if (tier is not null && !all) throw new UsageException(_tier.Name, "--tier chooses among all worlds; give it with --all.");
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        return all ? await RunAllAsync(run, session, tier ?? "", cancellationToken) : await RunOneAsync(run, session, world!, cancellationToken);
    }

    private static async Task<int> RunOneAsync(CliRun run, GatewaySession session, string world, CancellationToken cancellationToken)
    {
        var done = await session.Client.PostAsync<LiveMonitoringRun>($"{WorldCommands.PathOf(world)}/live-monitoring/run", "", "application/json", cancellationToken);
        run.Print(done, screen => Draw(screen, done));
        return done.Status is "success" ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static async Task<int> RunAllAsync(CliRun run, GatewaySession session, string tier, CancellationToken cancellationToken)
    {
        var done = await session.Client.PostAsync<LiveMonitoringRuns>($"worlds/live-monitoring/run-all?risk_tier={Uri.EscapeDataString(tier)}", "", "application/json", cancellationToken);
        run.Print(done, screen =>
        {
            if (done.Runs.Count == 0) screen.Line("There is no such world.");
            foreach (var one in done.Runs) Draw(screen, one);
        });
        return done.Runs.All(one => one.Status is "success") ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static void Draw(Screen screen, LiveMonitoringRun done) =>
        screen.Line(done.Status is "success" ? $"{done.WorldId}: {Screen.Whole(done.UpdatedStrategies)} strategies revised" : $"{done.WorldId}: {done.Status} [{done.Reason}]");
}
