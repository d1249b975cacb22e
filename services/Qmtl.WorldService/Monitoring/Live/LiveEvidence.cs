using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Evaluation;
using Qmtl.WorldService.Evaluation.Augmentation;
using Qmtl.WorldService.Evaluation.Extended;
using Qmtl.WorldService.Policies;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Monitoring.Live;

/// <summary>One strategy at the live stage.</summary>
/// <param name="Since">When it went live: its run is named after that.</param>
/// <param name="Returns">What it made since; null when nobody reports it.</param>
/// <param name="BacktestSharpe">Annualised Sharpe ratio of its newest backtest; null when unknown.</param>
internal sealed record LiveStrategy(string StrategyId, DateTimeOffset Since, LiveReturns? Returns, double? BacktestSharpe);

/// <summary>What the monitoring of a world rests on.</summary>
/// <param name="Strict">A client-critical world of tier high: what is not known fails.</param>
internal sealed record LiveEvidence(
    string WorldId, int PolicyVersion, string RulesetHash, PolicyDocument Policy, string RiskTier, bool Strict, IReadOnlyList<string> Active, IReadOnlyList<LiveStrategy> Strategies);

/// <summary>Collects it.</summary>
internal sealed class LiveEvidenceReader(PolicyStore policies, RiskSnapshots snapshots, LiveMonitoringOptions options)
{
    private static readonly RunCursor Newest = new(UnixTime.FromNanoseconds(long.MaxValue), "");

    /// <summary>What is known now.</summary>
    /// <exception cref="RefusalException">The world or its policy is missing, or a snapshot cannot be read.</exception>
    public async Task<LiveEvidence> ReadAsync(ISession session, string worldId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var world = await WorldStore.GetAsync(session, worldId);
        var policy = await policies.FindDefaultAsync(session, world)
            ?? throw new RefusalException(ReasonCodes.PolicyUnknown, $"World '{worldId}' has no policy to judge by; upload one with POST /worlds/{worldId}/policies.");
        var payload = (await PolicyStore.FindAsync(session, worldId, world.DefaultPolicyVersion))!.Payload;
        var profile = Json.ReadOptional<RiskProfile>(world.RiskProfile);
        var live = (await StageStore.ListAsync(session, worldId)).Where(row => row.Stage is StageNames.Live).ToArray();
        var realized = live.Length > 0 ? await RealizedAsync(session, worldId, now, cancellationToken) : null;
        var strategies = new List<LiveStrategy>();
        foreach (var row in live)
        {
            var backtest = await RunStore.ListAsync(session, worldId, row.StrategyId, StageNames.Backtest, Newest, 1);
            var returns = realized?.GetValueOrDefault(row.StrategyId) ?? await ReportedAsync(session, row, now);
            strategies.Add(new LiveStrategy(row.StrategyId, row.Since, returns, backtest.Count > 0 ? backtest[0].ToMessage().Metrics?.Returns?.Sharpe : null));
        }

        return new LiveEvidence(
            worldId,
            world.DefaultPolicyVersion,
            NodeId.Prefix + Blake3.HashHex(System.Text.Encoding.UTF8.GetBytes(payload)),
            policy,
            string.IsNullOrEmpty(profile?.Tier) ? "medium" : profile.Tier,
            profile is { Tier: "high", ClientCritical: true },
            await DecisionStore.ActiveAsync(session, worldId),
            strategies);
    }

    /// <summary>
    /// The newest series that a producer sent with a live run of the strategy, since it went live and not too long ago. What an evaluation took
    /// from the hub does not count: it would outlive the snapshot that it came from.
    /// </summary>
    private async Task<LiveReturns?> ReportedAsync(ISession session, StageRow stage, DateTimeOffset now)
    {
        var oldest = now - options.MaxSeriesAge;
        var newest = await RunSeriesStore.NewestAsync(session, stage.WorldId, stage.StrategyId, StageNames.Live, oldest > stage.Since ? oldest : stage.Since);
        foreach (var series in newest)
        {
            var run = await RunStore.FindAsync(session, stage.WorldId, stage.StrategyId, series.RunId);
            if (StrategyReturns.IsReported(run?.ToMessage().Metrics?.Diagnostics?.ReturnsSource)) return new LiveReturns(series.ReadReturns(), series.PeriodsPerYear, "run:" + series.RunId);
        }

        return null;
    }

    /// <summary>Series of the newest live snapshot that has not expired, by strategy.</summary>
    private async Task<Dictionary<string, LiveReturns>?> RealizedAsync(ISession session, string worldId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await snapshots.LatestAsync(session, worldId, now, StageNames.Live) is not { } row || !row.HasField(RiskField.RealizedReturns)) return null;
        var expanded = await snapshots.ExpandAsync(session, row, cancellationToken);
        return expanded.RealizedReturns.ToDictionary(pair => pair.Key, pair => new LiveReturns(pair.Value, expanded.PeriodsPerYear, $"risk_hub:{row.Version}"), StringComparer.Ordinal);
    }
}
