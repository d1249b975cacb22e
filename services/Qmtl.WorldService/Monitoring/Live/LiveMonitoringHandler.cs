using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Monitoring.Live;

/// <summary>Runs live monitoring on request, and reads what it found.</summary>
internal sealed class LiveMonitoringHandler(IDatabase database, LiveMonitor monitor, TimeProvider clock)
{
    private const int Page = 500;
    private static readonly string[] Tiers = ["low", "medium", "high"];

    public async Task<LiveMonitoringRun> RunAsync(RunLiveMonitoringRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        await database.ReadAsync(session => WorldStore.GetAsync(session, request.WorldId), cancellationToken);
        var run = await monitor.RunAsync(request.WorldId, caller, cancellationToken);
        return string.Equals(run.Reason, ReasonCodes.LeaseHeld.Code, StringComparison.Ordinal)
            ? throw new RefusalException(ReasonCodes.LeaseHeld, $"World '{request.WorldId}' is being monitored already; read the outcome with GET /worlds/{request.WorldId}/live-monitoring/report.")
            : run;
    }

    public async Task<LiveMonitoringRuns> RunAllAsync(RunAllLiveMonitoringRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (request.RiskTier.Length > 0 && !Tiers.Contains(request.RiskTier, StringComparer.Ordinal)) throw Refuse.Field("/risk_tier", $"must be low, medium or high, was '{request.RiskTier}'");
        var response = new LiveMonitoringRuns();
        var after = "";
        while (true)
        {
            var worlds = await database.ReadAsync(session => WorldStore.ListAsync(session, "", after, Page), cancellationToken);

            // Worlds the caller may not operate are not theirs to run, nor to learn of.
            foreach (var world in worlds.Where(world => caller.Allows(world.WorldId, WorldRole.Operator) && (request.RiskTier.Length == 0 || string.Equals(TierOf(world), request.RiskTier, StringComparison.Ordinal))))
            {
                response.Runs.Add(await monitor.RunAsync(world.WorldId, caller, cancellationToken));
            }

            if (worlds.Count < Page) return response;
            after = worlds[^1].WorldId;
        }
    }

    public Task<LiveMonitoringReport> ReportAsync(LiveMonitoringReportRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var report = new LiveMonitoringReport { WorldId = request.WorldId, GeneratedAt = Timestamp.FromDateTimeOffset(clock.GetUtcNow()) };
                if (await LiveMonitoringStore.FindAsync(session, request.WorldId) is { LastRunAt: { } at } last)
                {
                    (report.LastRunAt, report.LastStatus, report.LastReason) = (Timestamp.FromDateTimeOffset(at), last.LastStatus, last.LastReason);
                }

                foreach (var stage in (await StageStore.ListAsync(session, request.WorldId)).Where(stage => stage.Stage is StageNames.Live))
                {
                    var run = await RunStore.FindAsync(session, request.WorldId, stage.StrategyId, LiveRuns.RunId(stage.StrategyId, stage.Since));
                    report.Strategies.Add(run is null ? new LiveMonitoringStrategy { StrategyId = stage.StrategyId } : Describe(run.ToMessage()));
                }

                return report;
            },
            cancellationToken);
    }

    private static LiveMonitoringStrategy Describe(EvaluationRun run)
    {
        double? Find(string name) => run.Metrics.Values.TryGetValue(name, out var value) ? value : null;
        return new LiveMonitoringStrategy
        {
            StrategyId = run.StrategyId,
            RunId = run.RunId,
            LiveSharpe = Find("live_sharpe"),
            LiveMaxDrawdown = Find("live_max_drawdown"),
            LiveVsBacktestSharpeRatio = Find("live_vs_backtest_sharpe_ratio"),
            Result = run.Validation.Results.GetValueOrDefault(LiveRuns.Rule),
            Source = run.Metrics.Diagnostics?.ReturnsSource ?? "",
            Points = (int)(run.Metrics.Diagnostics?.ExtraMetrics?.Fields.GetValueOrDefault("live_points")?.NumberValue ?? 0),
            EvaluatedAt = run.UpdatedAt,
        };
    }

    private static string TierOf(WorldRow world) => Json.ReadOptional<RiskProfile>(world.RiskProfile)?.Tier is { Length: > 0 } tier ? tier : "medium";
}
