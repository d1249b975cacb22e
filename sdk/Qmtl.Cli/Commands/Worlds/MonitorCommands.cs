using System.CommandLine;
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

/// <summary>Judges the live strategies of a world now.</summary>
internal sealed class MonitorRunCommand : CliCommand
{
    private readonly Argument<string> _world = WorldCommands.World();

    public MonitorRunCommand(CliShell shell)
        : base(shell, "run", "Judge a world's live results now; 1 when that is not possible.") => Add(_world);

    protected override async Task<int> RunAsync(CliRun run, CancellationToken cancellationToken)
    {
        await using var session = await run.OpenGatewayAsync(cancellationToken);
        var done = await session.Client.PostAsync<LiveMonitoringRun>($"{WorldCommands.PathOf(run.Get(_world))}/live-monitoring/run", "", "application/json", cancellationToken);
        run.Print(done, screen => screen.Line(done.Status is "success" ? $"{done.WorldId}: {Screen.Whole(done.UpdatedStrategies)} strategies revised" : $"{done.WorldId}: {done.Status} [{done.Reason}]"));
        return done.Status is "success" ? ExitCodes.Done : ExitCodes.Failed;
    }
}
