using Qmtl.Testing;
using Qmtl.WorldService.Activation;
using StackExchange.Redis;

namespace Qmtl.WorldService.Tests.Activation;

/// <summary>What every activation cache must do.</summary>
public abstract class ActivationCacheTests
{
    private static int _worlds;

    private readonly string _world = $"w{Interlocked.Increment(ref _worlds)}_{Environment.ProcessId}";

    private protected abstract Task<IActivationCache> CreateAsync();

    [ConformanceFact]
    public async Task List_BeforeLoading_IsUnknownRatherThanEmpty()
    {
        var cache = await CreateAsync();
        Assert.Null(await cache.ListAsync(_world, CancellationToken.None));
        await cache.LoadAsync(_world, [], CancellationToken.None);
        Assert.Empty((await cache.ListAsync(_world, CancellationToken.None))!);
    }

    [ConformanceFact]
    public async Task Put_OlderVersions_DoNotReplaceNewerOnes()
    {
        var cache = await CreateAsync();
        await cache.LoadAsync(_world, [Entry("a", 2), Entry("b", 1)], CancellationToken.None);
        await cache.PutAsync(_world, [Entry("a", 1), Entry("b", 2)], CancellationToken.None);
        await cache.PutAsync(_world, [Entry("b", 2)], CancellationToken.None);
        Assert.Equal([Entry("a", 2), Entry("b", 2)], (await cache.ListAsync(_world, CancellationToken.None))!);
    }

    [ConformanceFact]
    public async Task Load_OfAnOlderSnapshot_DoesNotUndoAChangeThatCameBetween()
    {
        var cache = await CreateAsync();
        await cache.PutAsync(_world, [Entry("a", 5)], CancellationToken.None);
        Assert.Null(await cache.ListAsync(_world, CancellationToken.None));
        await cache.LoadAsync(_world, [Entry("a", 4), Entry("b", 1)], CancellationToken.None);
        Assert.Equal([Entry("a", 5), Entry("b", 1)], (await cache.ListAsync(_world, CancellationToken.None))!);
    }

    [ConformanceFact]
    public async Task Forget_MakesTheWorldUnknown()
    {
        var cache = await CreateAsync();
        await cache.LoadAsync(_world, [Entry("a", 1)], CancellationToken.None);
        await cache.ForgetAsync(_world, CancellationToken.None);
        Assert.Null(await cache.ListAsync(_world, CancellationToken.None));
    }

    private protected ActivationEntry Entry(string strategy, int version) => new()
    {
        WorldId = _world,
        StrategyId = strategy,
        Side = "long",
        Active = true,
        Weight = 0.5,
        EffectiveMode = "paper",
        RunId = "r",
        Ts = new DateTimeOffset(2026, 1, 5, 0, 0, version, TimeSpan.Zero),
        EntryVersion = version,
    };
}

/// <summary>In memory.</summary>
public sealed class MemoryActivationCacheTests : ActivationCacheTests
{
    private protected override Task<IActivationCache> CreateAsync() => Task.FromResult<IActivationCache>(new MemoryActivationCache());
}

/// <summary>In Redis.</summary>
[Requires(Needs.Redis)]
public sealed class RedisActivationCacheTests : ActivationCacheTests
{
    private protected override async Task<IActivationCache> CreateAsync()
    {
        var server = await RedisServer.SharedAsync();
        return new RedisActivationCache(await ConnectionMultiplexer.ConnectAsync(server.ConnectionString).Within());
    }
}
