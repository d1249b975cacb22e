using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.Stages;

/// <summary>How far a strategy may go, and what takes that away, whatever the database.</summary>
public abstract class StandingTests
{
    private const string Policy = "thresholds: {s: {metric: sharpe, min: 1}}\n";

    private protected abstract Task<WorldHost> StartAsync();

    [ConformanceFact]
    public async Task LeavingTheActiveSet_TakesLiveAway_UntilItIsPromotedAgain()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a", "b");
        Assert.Equal(("live", "live"), ((await host.DecideAsync("w")).EffectiveMode, (await host.ActivationAsync("w", "a")).EffectiveMode));

        await SetAsync(host, "b");
        Assert.Equal((false, "paper"), await EntryAsync(host, "a"));
        await SetAsync(host, "b", "a");
        Assert.Equal((true, "paper"), await EntryAsync(host, "a"));
        Assert.Equal((true, "live"), await EntryAsync(host, "b"));
        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Contains(audit.Entries, entry => entry.Event == "stage_changed");
    }

    [ConformanceFact]
    public async Task AllowLiveOff_TakesEverythingLiveAwayInTheSameTransaction()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a", "b");
        await host.Client.PutEdgeOverrideAsync(new PutEdgeOverrideRequest { WorldId = "w", Src = "domain:dryrun", Dst = "domain:live", Active = true }).ResponseAsync.Within();

        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = false }).ResponseAsync.Within();
        Assert.Equal("paper", (await host.DecideAsync("w")).EffectiveMode);
        foreach (var strategy in new[] { "a", "b" }) Assert.Equal((true, "paper"), await EntryAsync(host, strategy));
        Assert.DoesNotContain((await host.Client.ListEdgeOverridesAsync(new ListEdgeOverridesRequest { WorldId = "w" }).ResponseAsync.Within()).Overrides, edge => edge.Active);
        Assert.Equal("E_LIVE_DISABLED", (await WorldHost.RefusedAsync(() => host.Client.PutEdgeOverrideAsync(new PutEdgeOverrideRequest { WorldId = "w", Src = "x", Dst = "domain:prod", Active = true }).ResponseAsync)).Code.Code);

        // Allowing it again promotes nobody.
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", AllowLive = true }).ResponseAsync.Within();
        Assert.Equal((true, "paper"), await EntryAsync(host, "a"));
        Assert.Equal(["world_updated", "world_updated"], (await host.EventsAsync("w", "policy")).TakeLast(2));
    }

    [ConformanceFact]
    public async Task Breaker_FreezesEverything_AndItsResetLiftsNothing()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a");
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", CircuitBreaker = true }).ResponseAsync.Within();
        var frozen = await host.ActivationAsync("w", "a");
        Assert.Equal((false, true, true, "validate"), (frozen.Active, frozen.Freeze, frozen.Drain, frozen.EffectiveMode));
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "late" } }).ResponseAsync.Within();
        await SetAsync(host, "a", "late");
        Assert.True((await host.ActivationAsync("w", "late")).Freeze);
        Assert.Equal("E_CIRCUIT_BREAKER", (await WorldHost.RefusedAsync(() => LiftAsync(host))).Code.Code);

        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", CircuitBreaker = false }).ResponseAsync.Within();
        Assert.Equal("live", (await host.DecideAsync("w")).EffectiveMode);
        var reset = await host.ActivationAsync("w", "a");
        Assert.Equal((false, true, "live"), (reset.Active, reset.Freeze, reset.EffectiveMode));
        Assert.True((await LiftAsync(host)).Active);
        Assert.True((await host.ActivationAsync("w", "late")).Freeze);
    }

    [ConformanceFact]
    public async Task Shadow_OfAWorldOrAnEntry_ComputesWithoutOrders()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a", "b");
        await host.Client.PutActivationAsync(new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true, EffectiveMode = "shadow" }).ResponseAsync.Within();
        Assert.Equal(((true, "shadow"), (true, "live")), (await EntryAsync(host, "a"), await EntryAsync(host, "b")));
        var world = await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", Shadow = true }).ResponseAsync.Within();
        Assert.True(world.Shadow);
        Assert.Equal("shadow", (await host.DecideAsync("w")).EffectiveMode);
        Assert.Equal((true, "shadow"), await EntryAsync(host, "b"));
    }

    [ConformanceFact]
    public async Task Unbind_ClosesTheEntriesAndForgetsTheStage()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a", "b");
        await host.Client.PutActivationAsync(new PutActivationRequest { WorldId = "w", StrategyId = "b", Side = "short", Active = true }).ResponseAsync.Within();
        Assert.Equal(["b"], (await host.Client.UnbindStrategyAsync(new UnbindStrategyRequest { WorldId = "w", StrategyId = "a" }).ResponseAsync.Within()).Strategies);
        Assert.Equal((false, "compute-only"), await EntryAsync(host, "a"));
        Assert.Equal(["b"], (await host.Client.GetDecisionsAsync(new GetDecisionsRequest { WorldId = "w" }).ResponseAsync.Within()).Strategies);
        await host.Client.UnbindStrategyAsync(new UnbindStrategyRequest { WorldId = "w", StrategyId = "b" }).ResponseAsync.Within();
        Assert.False((await host.ActivationAsync("w", "b", "short")).Active);
        Assert.Equal(("validate", "no_bindings"), await DecisionAsync(host));
        Assert.Equal("E_STRATEGY_UNKNOWN", (await WorldHost.RefusedAsync(() => host.Client.UnbindStrategyAsync(new UnbindStrategyRequest { WorldId = "w", StrategyId = "b" }).ResponseAsync)).Code.Code);

        // Coming back starts at the beginning.
        await host.Client.BindStrategiesAsync(new BindStrategiesRequest { WorldId = "w", Strategies = { "a" } }).ResponseAsync.Within();
        await SetAsync(host, "a");
        Assert.Equal((true, "compute-only"), await EntryAsync(host, "a"));
    }

    [ConformanceFact]
    public async Task ListStandings_TellsStageActivationAndLatestVerdict()
    {
        await using var host = await StartAsync();
        await host.WorldAsync("w", Policy, "c", "a", "b");
        await host.EvaluateAsync("w", "a", "r1", ("sharpe", 0.5));
        host.Clock.Advance(TimeSpan.FromMinutes(1));
        await host.EvaluateAsync("w", "a", "r2", ("sharpe", 0.6));
        await host.EvaluateAsync("w", "b", "r3", ("sharpe", 2));
        await host.StageAsync("w", "b", "paper");

        var standings = await host.Client.ListStandingsAsync(new ListStandingsRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal("compute-only", standings.EffectiveMode);
        Assert.Equal(["b", "a", "c"], standings.Strategies.Select(standing => standing.StrategyId));
        var (chosen, rejected, unknown) = (standings.Strategies[0], standings.Strategies[1], standings.Strategies[2]);
        Assert.Equal(("paper", true, "r3", "pass", host.Clock.GetUtcNow()), (chosen.Stage, chosen.Active, chosen.RunId, chosen.Status, chosen.Since.ToDateTimeOffset()));
        Assert.Equal(("long", true, 1.0, "compute-only"), (chosen.Sides[0].Side, chosen.Sides[0].Active, chosen.Sides[0].Weight, chosen.Sides[0].EffectiveMode));
        Assert.Equal(("backtest", false, "r2", "fail", "below_min"), (rejected.Stage, rejected.Active, rejected.RunId, rejected.Status, rejected.Reason));
        Assert.Equal(("", ""), (unknown.RunId, unknown.Status));
        Assert.NotNull(unknown.BoundAt);
    }

    [ConformanceFact]
    public async Task Activation_NamesTheDataItsStrategyStandsOn()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a", "b");
        await host.ReportAsync("w", "b", "sha256:2");
        var (first, second) = (await host.ActivationAsync("w", "a"), await host.ActivationAsync("w", "b"));
        Assert.Equal(("sha256:1", "sha256:2"), (first.DatasetFingerprint, second.DatasetFingerprint));
        Assert.Equal(new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc), first.AsOf.ToDateTime());
        Assert.Equal((first.Etag, true), ((await host.ActivationAsync("w", "a")).Etag, first.Etag.EndsWith(":2", StringComparison.Ordinal)));
    }

    [ConformanceFact]
    public async Task CreateWorld_WithAPolicy_IsBothOrNeither()
    {
        await using var host = await StartAsync();
        var refused = await WorldHost.RefusedAsync(() => host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w", Policy = "thresholds: {s: {metric: sharp, min: 1}}" }).ResponseAsync);
        Assert.Equal("E_POLICY_INVALID", refused.Code.Code);
        Assert.Equal("E_WORLD_UNKNOWN", (await WorldHost.RefusedAsync(() => host.DecideAsync("w"))).Code.Code);
        var world = await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w", Policy = Policy }).ResponseAsync.Within();
        Assert.Equal(1, world.DefaultPolicyVersion);
        Assert.Equal(world, await host.Client.GetWorldAsync(new GetWorldRequest { WorldId = "w" }).ResponseAsync.Within());
        Assert.Equal(["policy_updated", "validation_profile_changed"], await host.EventsAsync("w", "policy"));
    }

    private static Task<DecisionsResponse> SetAsync(WorldHost host, params string[] strategies) =>
        host.Client.SetDecisionsAsync(new SetDecisionsRequest { WorldId = "w", Strategies = { strategies } }).ResponseAsync.Within();

    private static Task<ActivationEnvelope> LiftAsync(WorldHost host) =>
        host.Client.PutActivationAsync(new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true, Freeze = false, Drain = false }).ResponseAsync.Within();

    private static async Task<(bool Active, string Mode)> EntryAsync(WorldHost host, string strategy)
    {
        var entry = await host.ActivationAsync("w", strategy);
        return (entry.Active, entry.EffectiveMode);
    }

    private static async Task<(string Mode, string Reason)> DecisionAsync(WorldHost host)
    {
        var decision = await host.DecideAsync("w");
        return (decision.EffectiveMode, decision.Reason);
    }
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteStandingTests : StandingTests
{
    private protected override Task<WorldHost> StartAsync() => WorldHosts.SqliteAsync();
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresStandingTests : StandingTests
{
    private protected override Task<WorldHost> StartAsync() => WorldHosts.PostgresAsync();
}
