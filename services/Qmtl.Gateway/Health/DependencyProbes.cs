using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using StackExchange.Redis;
using IDatabase = Qmtl.Storage.IDatabase;

namespace Qmtl.Gateway.Health;

/// <summary>What the dependencies answered: ok, error or timeout; open while the breaker is; unknown for what is not configured.</summary>
/// <param name="Store">The SQL store.</param>
/// <param name="DagManager">The graph.</param>
/// <param name="WorldService">The worlds.</param>
/// <param name="Redis">Redis. Nothing of the Gateway's own lives there, so it is reported and counts for no level.</param>
internal sealed record DependencyStates(string Store, string DagManager, string WorldService, string Redis)
{
    /// <summary>The text of a dependency that answers.</summary>
    public const string Ok = "ok";

    /// <summary>The text of one that took too long.</summary>
    public const string Timeout = "timeout";

    /// <summary>The text of one that is not configured.</summary>
    public const string Unknown = "unknown";

    /// <summary>Whether one took too long.</summary>
    public bool HasTimeout => Store == Timeout || DagManager == Timeout || WorldService == Timeout;

    /// <summary>How many of those that the Gateway needs do not answer.</summary>
    public int Down => new[] { Store, DagManager, WorldService }.Count(state => state != Ok);

    /// <summary>Whether submissions can be bound and compared with the graph.</summary>
    public bool CanWork => Store == Ok && DagManager == Ok && WorldService == Ok;
}

/// <summary>Asks the dependencies how they are; an answer is used for two seconds.</summary>
internal sealed class DependencyProbes(
    IDatabase database,
    WorldService.WorldServiceClient worlds,
    V1.DagManager.DagManagerClient dagManager,
    WorldServiceBreaker breaker,
    TimeProvider time,
    IConnectionMultiplexer? redis = null) : IDisposable
{
    private static readonly TimeSpan UsedFor = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(750);
    private readonly SemaphoreSlim _one = new(1, 1);
    private Reading? _latest;

    /// <summary>The states as last read; null before the first time.</summary>
    public DependencyStates? Latest => Volatile.Read(ref _latest)?.States;

    /// <summary>The states, at most two seconds old.</summary>
    public Task<DependencyStates> ReadAsync(CancellationToken cancellation) => ReadAsync(UsedFor, cancellation);

    /// <summary>The states as they are now.</summary>
    public Task<DependencyStates> ProbeAsync(CancellationToken cancellation) => ReadAsync(TimeSpan.Zero, cancellation);

    public void Dispose() => _one.Dispose();

    private async Task<DependencyStates> ReadAsync(TimeSpan usedFor, CancellationToken cancellation)
    {
        if (Volatile.Read(ref _latest) is { } fresh && time.GetUtcNow() - fresh.At < usedFor) return fresh.States;
        await _one.WaitAsync(cancellation);
        try
        {
            if (_latest is { } known && time.GetUtcNow() - known.At < usedFor) return known.States;
            var states = await ProbeAllAsync(cancellation);
            // One slow answer is no outage, least of all when this process itself is short of time: it is asked once more before work is refused for it.
            if (states.HasTimeout) states = await ProbeAllAsync(cancellation);
            Volatile.Write(ref _latest, new Reading(states, time.GetUtcNow()));
            return states;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<DependencyStates> ProbeAllAsync(CancellationToken cancellation)
    {
        var store = AskAsync(token => database.ScalarAsync<int>("SELECT 1", cancellationToken: token), cancellation);
        var graph = AskAsync(token => dagManager.StatusAsync(new Empty(), deadline: Deadline(), cancellationToken: token).ResponseAsync, cancellation);
        var world = breaker.IsOpen ? Task.FromResult("open") : AskAsync(token => worlds.GetHealthAsync(new Empty(), deadline: Deadline(), cancellationToken: token).ResponseAsync, cancellation);
        var cache = redis is null ? Task.FromResult(DependencyStates.Unknown) : AskAsync(_ => redis.GetDatabase().PingAsync(), cancellation);
        return new DependencyStates(await store, await graph, await world, await cache);
    }

    private DateTime Deadline() => time.GetUtcNow().UtcDateTime + Patience;

    private async Task<string> AskAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        try
        {
            await call(cancellation).WaitAsync(Patience, time, cancellation);
            return DependencyStates.Ok;
        }
        catch (Exception problem) when (problem is TimeoutException or RpcException { StatusCode: StatusCode.DeadlineExceeded } or RefusalException { Code.HttpStatus: 504 } or RedisTimeoutException)
        {
            return DependencyStates.Timeout;
        }
        catch (Exception problem) when (problem is RpcException or RefusalException or StorageException or HttpRequestException or RedisException)
        {
            return "error";
        }
    }

    private sealed record Reading(DependencyStates States, DateTimeOffset At);
}
