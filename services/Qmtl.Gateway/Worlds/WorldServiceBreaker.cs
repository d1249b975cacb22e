using System.Diagnostics.Metrics;
using Grpc.Core;
using Qmtl.Identity;

namespace Qmtl.Gateway.Worlds;

/// <summary>Opens after failures in a row; after a pause one call may try, and its success closes it.</summary>
/// <remarks>
/// Counts consecutive failures, which is what the operators' rules are written in; a circuit breaker over a failure ratio would
/// need traffic to open.
/// </remarks>
internal sealed class WorldServiceBreaker : IDisposable
{
    private readonly WorldServiceOptions _options;
    private readonly TimeProvider _time;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _opened;
    private readonly Lock _gate = new();
    private int _failures;
    private DateTimeOffset? _openUntil;

    public WorldServiceBreaker(WorldServiceOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _opened = _meter.CreateCounter<long>("worlds_breaker_open_total", description: "Times that calls to WorldService were stopped.");
        _opened.Add(0);
        _meter.CreateObservableGauge("worlds_breaker_state", () => IsOpen ? 1 : 0, description: "1 while calls to WorldService are stopped.");
        _meter.CreateObservableGauge("worlds_breaker_failures", () => Volatile.Read(ref _failures), description: "Failures of WorldService in a row.");
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
            _openUntil = now + _options.BreakerPause;
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
            if (++_failures < _options.BreakerFailures) return;
            if (_openUntil is null) _opened.Add(1);
            _openUntil = _time.GetUtcNow() + _options.BreakerPause;
        }
    }

    /// <summary>Whether a problem means that WorldService did not answer, rather than that it refused.</summary>
    public static bool IsOutage(Exception problem) => problem switch
    {
        RpcException rpc => rpc.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Internal or StatusCode.Unknown or StatusCode.ResourceExhausted or StatusCode.Cancelled,
        RefusalException refusal => refusal.Code.HttpStatus is >= 500 or 408 or 429,
        HttpRequestException => true,
        _ => false,
    };

    public void Dispose() => _meter.Dispose();
}
