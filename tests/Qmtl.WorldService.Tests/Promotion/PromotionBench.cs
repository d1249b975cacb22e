using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Stages;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Promotion;

/// <summary>A world in which strategies are on their way to live.</summary>
internal static class PromotionBench
{
    public const string Policy =
        """
        thresholds: {s: {metric: sharpe, min: 1}}
        campaign: {paper: {window: 3d}}
        governance: {live_promotion: {mode: MODE, cooldown: 6h, max_live_slots: 2, approvers: [ann, bob]}}

        """;

    /// <summary>A world that may go live, with strategies whose paper window is full and whose risk somebody watches.</summary>
    public static async Task<WorldHost> ReadyAsync(this WorldHost host, string mode = "manual_approval", params string[] strategies)
    {
        if (strategies.Length == 0) strategies = ["a"];
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w", AllowLive = true }).ResponseAsync.Within();
        await host.UploadAsync("w", Policy.Replace("MODE", mode, StringComparison.Ordinal));
        foreach (var strategy in strategies)
        {
            await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { strategy } }, As("owner_of_" + strategy)).ResponseAsync.Within();
            await host.PaperAsync(strategy, "p1");
            await host.StageAsync("w", strategy, StageNames.Paper);
        }

        host.Clock.Advance(TimeSpan.FromDays(3));
        foreach (var strategy in strategies) await host.PaperAsync(strategy, "p2");
        foreach (var strategy in strategies) await host.ReportAsync("w", strategy, "sha256:1");
        await host.RiskAsync("v1");
        return host;
    }

    public static Metadata As(string subject) => new() { { "x-caller-sub", subject }, { "x-world-roles", "owner" } };

    /// <summary>An evaluation on paper, with data.</summary>
    public static Task<EvaluateResponse> PaperAsync(this WorldHost host, string strategy, string run, double sharpe = 1.5, bool data = true)
    {
        var request = WorldHost.Request("w", strategy, run, ("sharpe", sharpe), ("trades", 20));
        request.Stage = StageNames.Paper;
        if (data) request.Data = Data(host);
        return host.Client.EvaluateAsync(request).ResponseAsync.Within();
    }

    /// <summary>Data up to now.</summary>
    public static EvaluationData Data(WorldHost host)
    {
        var now = host.Clock.GetUtcNow();
        return new EvaluationData
        {
            DatasetFingerprint = "sha256:1",
            AsOf = Timestamp.FromDateTimeOffset(now),
            DataStart = Timestamp.FromDateTimeOffset(now.AddDays(-90)),
            DataEnd = Timestamp.FromDateTimeOffset(now),
        };
    }

    /// <summary>A snapshot of an outside producer.</summary>
    public static Task<RiskSnapshot> RiskAsync(this WorldHost host, string version, Action<RiskSnapshot>? change = null)
    {
        var snapshot = new RiskSnapshot { WorldId = "w", Version = version, AsOf = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()), Weights = { ["a"] = 1 } };
        change?.Invoke(snapshot);
        return host.Client.PublishRiskSnapshotAsync(new PublishSnapshotRequest { WorldId = "w", Snapshot = snapshot }, new Metadata { { "x-actor", "risk-engine" }, { "x-stage", "paper" } }).ResponseAsync.Within();
    }

    public static Task<PromotionPlan> PlanAsync(this WorldHost host, string strategy = "a", string run = "") =>
        host.Client.PlanLiveAsync(new PromotionPlanRequest { WorldId = "w", StrategyId = strategy, RunId = run }).ResponseAsync.Within();

    public static Task<PromotionReview> ApproveAsync(this WorldHost host, string actor = "ann", string strategy = "a", string run = "") =>
        host.Client.ApproveLiveAsync(new PromotionReviewRequest { WorldId = "w", StrategyId = strategy, RunId = run, Comment = "looks right" }, As(actor)).ResponseAsync.Within();

    public static Task<PromotionResult> ApplyLiveAsync(this WorldHost host, string actor = "bob", string strategy = "a", Action<PromotionApplyRequest>? change = null)
    {
        var request = new PromotionApplyRequest { WorldId = "w", StrategyId = strategy };
        change?.Invoke(request);
        return host.Client.ApplyLiveAsync(request, As(actor)).ResponseAsync.Within();
    }

    public static async Task<string> StageOfAsync(this WorldHost host, string strategy = "a") =>
        (await host.Client.ListStandingsAsync(new ListStandingsRequest { WorldId = "w" }).ResponseAsync.Within()).Strategies.Single(standing => standing.StrategyId == strategy).Stage;

    public static async Task<IReadOnlyList<PromotionRecord>> LogAsync(this WorldHost host) =>
        (await host.Client.ListPromotionsAsync(new ListPromotionsRequest { WorldId = "w" }).ResponseAsync.Within()).Promotions;
}
