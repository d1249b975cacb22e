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

    /// <summary>The level that follows from how many do not answer.</summary>
    public DegradeLevel Level => (DegradeLevel)new[] { Store, DagManager, WorldService }.Count(state => state != Ok);
}

/// <summary>Asks the dependencies how they are; an answer is used for two seconds.</summary>
internal sealed class DependencyProbes(
    IDatabase database,
    WorldService.WorldServiceClient worlds,
    V1.DagManager.DagManagerClient dagManager,
    WorldServiceBreaker breaker,
    TimeProvider time) : IDisposable
{
    private static readonly TimeSpan UsedFor = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(750);
    private readonly SemaphoreSlim _one = new(1, 1);
    private DependencyStates? _latest;
    private DateTimeOffset _until;

    /// <summary>The states, at most two seconds old.</summary>
    public async Task<DependencyStates> ReadAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (_latest is { } known && time.GetUtcNow() < _until) return known;
            var store = ProbeAsync(token => database.ScalarAsync<int>("SELECT 1", cancellationToken: token), cancellation);
            var graph = ProbeAsync(token => dagManager.StatusAsync(new Empty(), deadline: Deadline(), cancellationToken: token), cancellation);
            var world = breaker.IsOpen ? Task.FromResult("open") : ProbeAsync(token => worlds.GetHealthAsync(new Empty(), deadline: Deadline(), cancellationToken: token), cancellation);
            _latest = new DependencyStates(await store, await graph, await world);
            _until = time.GetUtcNow() + UsedFor;
            return _latest;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private DateTime Deadline() => time.GetUtcNow().UtcDateTime + Patience;

    private Task<string> ProbeAsync<T>(Func<CancellationToken, AsyncUnaryCall<T>> call, CancellationToken cancellation) =>
        ProbeAsync(token => call(token).ResponseAsync, cancellation);

    private async Task<string> ProbeAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        try
        {
            await call(cancellation).WaitAsync(Patience, time, cancellation);
            return DependencyStates.Ok;
        }
        catch (Exception problem) when (problem is TimeoutException or RpcException { StatusCode: StatusCode.DeadlineExceeded })
        {
            return "timeout";
        }
        catch (Exception problem) when (problem is RpcException or RefusalException or StorageException or HttpRequestException)
        {
            return "error";
        }
    }
}
