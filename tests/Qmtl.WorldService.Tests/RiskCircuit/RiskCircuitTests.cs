using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Storage;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.RiskCircuit;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.RiskCircuit;

/// <summary>What a world's risk does to it, whatever the database.</summary>
public abstract class RiskCircuitTests
{
    private protected abstract Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings);

    [ConformanceFact]
    public async Task Publish_BeyondALimit_FreezesEverythingInTheSameTransaction()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a", "b");
        await LimitAsync(host, "max_drawdown", 0.15);
        await PublishAsync(host, "v1", 0.05, -0.1);
        Assert.True((await host.ActivationAsync("w", "a")).Active);

        await PublishAsync(host, "v2", 0.05, -0.2);
        var world = await host.Client.GetWorldAsync(new GetWorldRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.True(world.CircuitBreaker);
        Assert.Equal(("validate", "circuit_breaker"), ((await host.DecideAsync("w")).EffectiveMode, (await host.DecideAsync("w")).Reason));
        foreach (var strategy in new[] { "a", "b" })
        {
            var entry = await host.ActivationAsync("w", strategy);
            Assert.Equal((false, true, true, "validate"), (entry.Active, entry.Freeze, entry.Drain, entry.EffectiveMode));
        }

        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        var breach = audit.Entries.Single(entry => entry.Event == "risk_circuit_tripped").Result.Fields["breaches"].ListValue.Values[0].StructValue.Fields;
        Assert.Equal(("max_drawdown", 0.15), (breach["limit"].StringValue, breach["allowed"].NumberValue));
        Assert.Equal(0.2, breach["value"].NumberValue, 9);

        // Whoever hears of the snapshot finds the world closed: the events stand in the log together.
        var log = await host.Database.QueryAsync<string>("SELECT message_type FROM bus_log ORDER BY log_offset");
        Assert.Equal(2, log.Count(type => type == "risk_snapshot_updated"));
        Assert.Equal("world_updated", (await host.EventsAsync("w", "policy"))[^1]);
    }

    [ConformanceFact]
    public async Task Publish_OfABacktestOrWithinTheLimits_TripsNothing()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a");
        await LimitAsync(host, "max_leverage", 1.5);
        await PublishAsync(host, "v1", -0.9);
        await PublishAsync(host, "v2", stage: "backtest", leverage: 4, returns: [0.1]);
        Assert.True((await host.ActivationAsync("w", "a")).Active);
        await PublishAsync(host, "v3", stage: "paper", leverage: 1.6, returns: [0.1]);
        Assert.False((await host.ActivationAsync("w", "a")).Active);
    }

    [ConformanceFact]
    public async Task Reset_IsNotUndoneByWhatWasKnown_ButByWhatComes()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a");
        await LimitAsync(host, "max_drawdown", 0.15);
        await PublishAsync(host, "v1", -0.2);
        host.Clock.Advance(TimeSpan.FromSeconds(5));
        await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", CircuitBreaker = false }).ResponseAsync.Within();
        await SweepAsync(host);
        Assert.Equal("live", (await host.DecideAsync("w")).EffectiveMode);
        Assert.True((await host.ActivationAsync("w", "a")).Freeze);

        host.Clock.Advance(TimeSpan.FromSeconds(5));
        await PublishAsync(host, "v2", -0.2);
        Assert.Equal("circuit_breaker", (await host.DecideAsync("w")).Reason);
    }

    [ConformanceFact]
    public async Task ALimitDrawnTighter_TripsOnWhatIsKnown()
    {
        await using var host = await StartAsync();
        await host.LiveWorldAsync("w", "a");
        await LimitAsync(host, "max_drawdown", 0.5);
        await PublishAsync(host, "v1", -0.2);
        await SweepAsync(host);
        Assert.Equal("live", (await host.DecideAsync("w")).EffectiveMode);
        await LimitAsync(host, "max_drawdown", 0.1);
        await SweepAsync(host);
        Assert.Equal("circuit_breaker", (await host.DecideAsync("w")).Reason);
        Assert.Single((await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within()).Entries, entry => entry.Event == "risk_circuit_tripped");
    }

    [ConformanceFact]
    public async Task World_WithALimitNobodyWouldCheck_IsRefused()
    {
        await using var host = await StartAsync();
        var profile = new RiskProfile { Tier = "low", Limits = new Struct { Fields = { ["max_dd"] = Value.ForNumber(0.1) } } };
        var refusal = await WorldHost.RefusedAsync(() => host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w", RiskProfile = profile }).ResponseAsync);
        Assert.Equal("/risk_profile/limits/max_dd", Assert.Single(refusal.Errors).Pointer);
    }

    [ConformanceFact]
    public async Task ExitRules_OfAListedWorld_TakeTheHeaviestOutWithEachSnapshot()
    {
        await using var host = await StartAsync(("WorldService:RiskCircuit:DrainWorlds:0", "w"));
        await host.LiveWorldAsync("w", "a", "b");
        await host.Client.PutActivationAsync(new PutActivationRequest { WorldId = "w", StrategyId = "a", Side = "long", Active = true, Weight = 0.5 }).ResponseAsync.Within();
        await PublishAsync(host, "v1", 0.01);
        var (kept, taken) = (await host.ActivationAsync("w", "a"), await host.ActivationAsync("w", "b"));
        Assert.Equal((true, false), (kept.Active, kept.Drain));
        Assert.Equal((false, false, true, 0.0), (taken.Active, taken.Freeze, taken.Drain, taken.Weight));
    }

    private static Task SweepAsync(WorldHost host) => host.Services.GetRequiredService<RiskCircuitWatch>().SweepAsync(CancellationToken.None).Within();

    private static Task<World> LimitAsync(WorldHost host, string limit, double value) => host.Client.UpdateWorldAsync(new UpdateWorldRequest
    {
        WorldId = "w",
        RiskProfile = new RiskProfile { Tier = "high", Limits = new Struct { Fields = { [limit] = Value.ForNumber(value) } } },
    }).ResponseAsync.Within();

    private static Task<RiskSnapshot> PublishAsync(WorldHost host, string version, params double[] returns) => PublishAsync(host, version, "live", leverage: null, returns);

    private static Task<RiskSnapshot> PublishAsync(WorldHost host, string version, string stage, double? leverage, double[] returns)
    {
        var snapshot = new RiskSnapshot
        {
            WorldId = "w",
            Version = version,
            AsOf = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()),
            Weights = { ["BTC"] = 1 },
            RealizedReturns = Value.ForList([.. returns.Select(Value.ForNumber)]),
            Constraints = leverage is { } value ? new Struct { Fields = { ["leverage"] = Value.ForNumber(value) } } : null,
        };
        return host.Client.PublishRiskSnapshotAsync(new PublishSnapshotRequest { WorldId = "w", Snapshot = snapshot }, new Metadata { { "x-actor", "risk-engine" }, { "x-stage", stage } }).ResponseAsync.Within();
    }
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteRiskCircuitTests : RiskCircuitTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.SqliteAsync(settings);
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresRiskCircuitTests : RiskCircuitTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string? Value)[] settings) => WorldHosts.PostgresAsync(settings);
}
