using System.Diagnostics.Metrics;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Gateway.Worlds;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.Gateway.Health;

/// <summary>How far the Gateway can work. Higher is worse.</summary>
internal enum DegradeLevel
{
    /// <summary>Everything answers.</summary>
    Normal,

    /// <summary>One dependency does not answer.</summary>
    Partial,

    /// <summary>Two do not: submissions are refused.</summary>
    Minimal,

    /// <summary>Nothing does.</summary>
    Static,
}

/// <summary>What the dependencies answered.</summary>
/// <param name="Store">ok, error or timeout.</param>
/// <param name="DagManager">ok, error or timeout.</param>
/// <param name="WorldService">ok, error, timeout, or open while the breaker is.</param>
internal sealed record DependencyStates(string Store, string DagManager, string WorldService)
{
    /// <summary>The text of a dependency that answers.</summary>
    public const string Ok = "ok";

    /// <summary>The text of one that took too long.</summary>
    public const string Timeout = "timeout";

    /// <summary>Whether one took too long.</summary>
    public bool HasTimeout => Store == Timeout || DagManager == Timeout || WorldService == Timeout;

    /// <summary>The level that follows from how many do not answer.</summary>
    public DegradeLevel Level => (DegradeLevel)new[] { Store, DagManager, WorldService }.Count(state => state != Ok);
}

/// <summary>Asks the dependencies how they are; an answer is used for two seconds.</summary>
internal sealed class DependencyProbes : IDisposable
{
    private static readonly TimeSpan UsedFor = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(750);
    private static readonly TimeSpan RecentFor = TimeSpan.FromSeconds(10);
    private readonly IDatabase _database;
    private readonly WorldService.WorldServiceClient _worlds;
    private readonly V1.DagManager.DagManagerClient _dagManager;
    private readonly WorldServiceBreaker _breaker;
    private readonly TimeProvider _time;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly SemaphoreSlim _one = new(1, 1);
    private Reading? _latest;

    public DependencyProbes(
        IDatabase database, WorldService.WorldServiceClient worlds, V1.DagManager.DagManagerClient dagManager, WorldServiceBreaker breaker, TimeProvider time)
    {
        (_database, _worlds, _dagManager, _breaker, _time) = (database, worlds, dagManager, breaker, time);
        _meter.CreateObservableGauge(
            "degrade_level",
            () => new Measurement<int>((int)(Volatile.Read(ref _latest)?.States.Level ?? DegradeLevel.Normal), new KeyValuePair<string, object?>("service", "gateway")),
            description: "0 normal, 1 partial, 2 minimal, 3 static.");
    }

    /// <summary>The states of at most ten seconds ago, without waiting for a probe where they are known; one is then under way.</summary>
    public async Task<DependencyStates> ReadRecentAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _latest) is not { } known || _time.GetUtcNow() - known.At >= RecentFor) return await ReadAsync(cancellation);
        if (_time.GetUtcNow() - known.At >= UsedFor && _one.CurrentCount > 0) _ = ReadAsync(CancellationToken.None);
        return known.States;
    }

    /// <summary>The states, at most two seconds old.</summary>
    public async Task<DependencyStates> ReadAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (_latest is { } known && _time.GetUtcNow() - known.At < UsedFor) return known.States;
            var states = await ProbeAllAsync(cancellation);
            // One slow answer is no outage, least of all when this process itself is short of time: it is asked once more before work is refused for it.
            if (states.Level >= DegradeLevel.Minimal && states.HasTimeout) states = await ProbeAllAsync(cancellation);
            Volatile.Write(ref _latest, new Reading(states, _time.GetUtcNow()));
            return states;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        _meter.Dispose();
        _one.Dispose();
    }

    private async Task<DependencyStates> ProbeAllAsync(CancellationToken cancellation)
    {
        var store = ProbeAsync(token => _database.ScalarAsync<int>("SELECT 1", cancellationToken: token), cancellation);
        var graph = ProbeAsync(token => _dagManager.StatusAsync(new Empty(), deadline: Deadline(), cancellationToken: token), cancellation);
        var world = _breaker.IsOpen ? Task.FromResult("open") : ProbeAsync(token => _worlds.GetHealthAsync(new Empty(), deadline: Deadline(), cancellationToken: token), cancellation);
        return new DependencyStates(await store, await graph, await world);
    }

    private DateTime Deadline() => _time.GetUtcNow().UtcDateTime + Patience;

    private Task<string> ProbeAsync<T>(Func<CancellationToken, AsyncUnaryCall<T>> call, CancellationToken cancellation) =>
        ProbeAsync(token => call(token).ResponseAsync, cancellation);

    private async Task<string> ProbeAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        try
        {
            await call(cancellation).WaitAsync(Patience, _time, cancellation);
            return DependencyStates.Ok;
        }
        catch (Exception problem) when (problem is TimeoutException or RpcException { StatusCode: StatusCode.DeadlineExceeded } or RefusalException { Code.HttpStatus: 504 })
        {
            return DependencyStates.Timeout;
        }
        catch (Exception problem) when (problem is RpcException or RefusalException or StorageException or HttpRequestException)
        {
            return "error";
        }
    }

    private sealed record Reading(DependencyStates States, DateTimeOffset At);
}
