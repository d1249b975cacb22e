using Microsoft.Extensions.DependencyInjection;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.Activation;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.RiskCircuit;
using Qmtl.WorldService.Telemetry;
using StackExchange.Redis;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>Two processes over one store: what one changes the other must not go on remembering.</summary>
public abstract class ReplicaTests
{
    /// <summary>Settings under which hosts share everything they can.</summary>
    private protected abstract Task<IReadOnlyDictionary<string, string?>> SharedAsync();

    [ConformanceFact]
    public async Task AChange_ReachesTheOther()
    {
        var settings = await SharedAsync();
        await using var one = await WorldHost.StartAsync(settings);
        await using var other = await WorldHost.StartAsync(settings);
        await one.LiveWorldAsync("w", "a", "b");
        await TimeLimits.EventuallyAsync(async () => (await other.DecideAsync("w")).EffectiveMode == "live" && (await other.ActivationAsync("w", "b")).EffectiveMode == "live");

        await one.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", CircuitBreaker = true }).ResponseAsync.Within();
        await TimeLimits.EventuallyAsync(async () => (await other.DecideAsync("w")).Reason == "circuit_breaker" && (await other.ActivationAsync("w", "a")).Freeze);
        Assert.Equal(await HashAsync(one), await HashAsync(other));
    }

    [ConformanceFact]
    public async Task WhoWrites_ReadsHisOwnWriteAtOnce()
    {
        await using var host = await WorldHost.StartAsync(await SharedAsync());
        await host.LiveWorldAsync("w", "a");
        for (var i = 0; i < 20; i++)
        {
            await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", Shadow = i % 2 == 0 }).ResponseAsync.Within();
            Assert.Equal(i % 2 == 0 ? "shadow" : "live", (await host.DecideAsync("w")).EffectiveMode);
        }
    }

    [ConformanceFact]
    public async Task ReadsDuringWrites_NeverSeeAnOlderStateThanTheLastAnswer()
    {
        await using var host = await WorldHost.StartAsync(await SharedAsync());
        await host.LiveWorldAsync("w", "a");
        using var stop = new CancellationTokenSource();
        var readers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested) await host.DecideAsync("w");
        })).ToArray();
        for (var i = 0; i < 60; i++)
        {
            await host.Client.UpdateWorldAsync(new UpdateWorldRequest { WorldId = "w", Shadow = i % 2 == 0 }).ResponseAsync.Within();
            Assert.Equal(i % 2 == 0 ? "shadow" : "live", (await host.DecideAsync("w")).EffectiveMode);
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers).Within();
    }

    private protected static async Task<string> HashAsync(WorldHost host) =>
        (await host.Client.GetStateHashAsync(new GetStateHashRequest { WorldId = "w", Topic = "activation" }).ResponseAsync.Within()).StateHash_;
}

/// <summary>Over one SQLite file.</summary>
public sealed class SqliteReplicaTests : ReplicaTests
{
    private protected override Task<IReadOnlyDictionary<string, string?>> SharedAsync() => Task.FromResult<IReadOnlyDictionary<string, string?>>(
        new Dictionary<string, string?>(StringComparer.Ordinal) { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-ws-").FullName });
}

/// <summary>Over one Postgres, each with a cache of its own.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresReplicaTests : ReplicaTests
{
    private protected override async Task<IReadOnlyDictionary<string, string?>> SharedAsync() =>
        new Dictionary<string, string?>(StringComparer.Ordinal) { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync() };
}

/// <summary>Over one Postgres and one Redis.</summary>
[Requires(Needs.Postgres | Needs.Redis)]
public sealed class RedisReplicaTests : ReplicaTests
{
    private static int _databases;

    private protected override async Task<IReadOnlyDictionary<string, string?>> SharedAsync()
    {
        // A database of Redis for each test: all of them call their world w.
        var redis = $"{(await RedisServer.SharedAsync()).ConnectionString},defaultDatabase={Interlocked.Increment(ref _databases)}";
        return new Dictionary<string, string?>(StringComparer.Ordinal) { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync(), ["ConnectionStrings:redis"] = redis };
    }

    [ConformanceFact]
    public async Task RedisLosesEverything_BothReadTheSameAgain()
    {
        var settings = await SharedAsync();
        await using var one = await WorldHost.StartAsync(settings);
        await using var other = await WorldHost.StartAsync(settings);
        await one.LiveWorldAsync("w", "a", "b");
        var hash = await HashAsync(one);
        using var redis = await ConnectionMultiplexer.ConnectAsync(settings["ConnectionStrings:redis"]!).Within();
        await redis.GetDatabase().KeyDeleteAsync("world:w:active").Within();

        Assert.Equal((hash, hash), (await HashAsync(other), await HashAsync(one)));
        Assert.Equal(2, (await other.Client.GetStateHashAsync(new GetStateHashRequest { WorldId = "w", Topic = "activation" }).ResponseAsync.Within()).Count);
    }
}

/// <summary>How long a decision is remembered.</summary>
public sealed class DecisionCacheTests
{
    [Fact]
    public void AgeLimits_WithoutAnyEvent_StayBelowTheTwoSecondsOfTheRiskCircuit() =>
        Assert.All(new[] { DecisionCache.MaxAge, ActivationTable.MaxAge, new RiskCircuitOptions().Interval }, limit => Assert.InRange(limit, TimeSpan.Zero, TimeSpan.FromSeconds(1)));

    [Fact]
    public async Task Read_PastTheAgeLimit_AsksTheStoreAgain()
    {
        await using var host = await WorldHosts.SqliteAsync();
        await host.LiveWorldAsync("w", "a");
        var age = new ManualClock();
        using var metrics = new WorldMetrics();
        var cache = new DecisionCache(host.Database, host.Services.GetRequiredService<DecisionStore>(), metrics, age);
        Assert.False((await cache.ReadAsync("w", CancellationToken.None)).Inputs.CircuitBreaker);

        // Somebody of whom this process hears nothing.
        await host.Database.WriteAsync(unit => unit.ExecuteAsync("UPDATE ws_worlds SET circuit_breaker = @yes", new { yes = true }));
        age.Advance(DecisionCache.MaxAge - TimeSpan.FromMilliseconds(1));
        Assert.False((await cache.ReadAsync("w", CancellationToken.None)).Inputs.CircuitBreaker);
        age.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True((await cache.ReadAsync("w", CancellationToken.None)).Inputs.CircuitBreaker);
    }

    [Fact]
    public async Task Read_OfAWorldThatGoes_IsRefusedAtOnce()
    {
        await using var host = await WorldHosts.SqliteAsync();
        await host.LiveWorldAsync("w", "a");
        Assert.Equal("live", (await host.DecideAsync("w")).EffectiveMode);
        await host.Client.DeleteWorldAsync(new DeleteWorldRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal("E_WORLD_UNKNOWN", (await WorldHost.RefusedAsync(() => host.DecideAsync("w"))).Code.Code);
    }
}
