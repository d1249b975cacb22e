using System.Diagnostics.Metrics;
using Grpc.Core;
using Qmtl.Identity;

namespace Qmtl.Gateway.Worlds;

/// <summary>Opens after failures in a row; after a pause one call may try, and its success closes it.</summary>
/// <remarks>
/// Counts consecutive failures, which is what the operators' rules are written in; a circuit breaker over a failure ratio would
/// need traffic to open.
/// </remarks>
internal abstract class PeerBreaker : IDisposable
{
    private readonly int _limit;
    private readonly TimeSpan _pause;
    private readonly TimeProvider _time;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _opened;
    private readonly Lock _gate = new();
    private int _failures;
    private DateTimeOffset? _openUntil;

    /// <summary>Makes a breaker that is closed.</summary>
    /// <param name="prefix">What its metrics begin with.</param>
    /// <param name="peer">Whom they name.</param>
    /// <param name="limit">Failures in a row that open it.</param>
    /// <param name="pause">How long it then stays open.</param>
    /// <param name="time">What time it is.</param>
    protected PeerBreaker(string prefix, string peer, int limit, TimeSpan pause, TimeProvider time)
    {
        (_limit, _pause, _time) = (limit, pause, time);
        _opened = _meter.CreateCounter<long>(prefix + "_open_total", description: $"Times that calls to {peer} were stopped.");
        _opened.Add(0);
        _meter.CreateObservableGauge(prefix + "_state", () => IsOpen ? 1 : 0, description: $"1 while calls to {peer} are stopped.");
        _meter.CreateObservableGauge(prefix + "_failures", () => Volatile.Read(ref _failures), description: $"Failures of {peer} in a row.");
    }

    /// <summary>Whether calls are stopped.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_gate) return _openUntil is { } until && _time.GetUtcNow() < until;
        }
    }

    /// <summary>Whether a call may be made now. While the breaker is open past its pause, one caller may.</summary>
    public bool MayCall()
    {
        lock (_gate)
        {
            if (_openUntil is not { } until) return true;
            var now = _time.GetUtcNow();
            if (now < until) return false;
            _openUntil = now + _pause;
            return true;
        }
    }

    /// <summary>A call was answered.</summary>
    public void Succeeded()
    {
        lock (_gate)
        {
            _failures = 0;
            _openUntil = null;
        }
    }

    /// <summary>A call was not answered.</summary>
    public void Failed()
    {
        lock (_gate)
        {
            if (++_failures < _limit) return;
            if (_openUntil is null) _opened.Add(1);
            _openUntil = _time.GetUtcNow() + _pause;
        }
    }

    /// <summary>Whether a problem means that a peer did not answer, rather than that it refused.</summary>
    public static bool IsOutage(Exception problem) => problem switch
    {
        RpcException rpc => rpc.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Internal or StatusCode.Unknown or StatusCode.ResourceExhausted or StatusCode.Cancelled,
        RefusalException refusal => refusal.Code.HttpStatus is >= 500 or 408 or 429,
        HttpRequestException => true,
        _ => false,
    };

    public void Dispose() => _meter.Dispose();
}

/// <summary>Stops calls to WorldService.</summary>
internal sealed class WorldServiceBreaker(WorldServiceOptions options, TimeProvider time)
    : PeerBreaker("worlds_breaker", "WorldService", options.BreakerFailures, options.BreakerPause, time);

/// <summary>Stops diffs at DagManager.</summary>
internal sealed class DagManagerBreaker(WorldServiceOptions options, TimeProvider time)
    : PeerBreaker("dagclient_breaker", "DagManager", options.BreakerFailures, options.BreakerPause, time);
