namespace Qmtl.Client;

/// <summary>Stops asking a Gateway that does not answer: open after some failures in a row, closed again only by a call that succeeds.</summary>
/// <remarks>
/// A failure is silence, not a refusal: a Gateway that answers with an error is there. While open, calls are refused at once; after
/// <see cref="Cooldown"/> one call at a time is let through to find out. Time alone never closes it. Safe for use from many threads.
/// </remarks>
public sealed class CircuitBreaker
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private int _failures;
    private long _failedAt;
    private bool _probing;

    /// <summary>A closed breaker.</summary>
    /// <param name="time">The clock of the cool-down.</param>
    /// <param name="threshold">Failures in a row that open it, at least 1.</param>
    /// <param name="cooldown">How long no call is let through; null means two seconds.</param>
    public CircuitBreaker(TimeProvider time, int threshold = 3, TimeSpan? cooldown = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 1);
        _time = time;
        Threshold = threshold;
        Cooldown = cooldown ?? TimeSpan.FromSeconds(2);
    }

    /// <summary>Failures in a row that open it.</summary>
    public int Threshold { get; }

    /// <summary>How long after the last failure no call is let through.</summary>
    public TimeSpan Cooldown { get; }

    /// <summary>Whether calls are refused.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_gate) return _failures >= Threshold;
        }
    }

    /// <summary>Closes it, as a successful call does.</summary>
    public void Reset()
    {
        lock (_gate) (_failures, _probing) = (0, false);
    }

    /// <summary>Whether a call may be made. Every call that may is followed by exactly one report.</summary>
    internal bool TryEnter()
    {
        lock (_gate)
        {
            if (_failures < Threshold) return true;
            if (_probing || _time.GetElapsedTime(_failedAt) < Cooldown) return false;
            _probing = true;
            return true;
        }
    }

    internal void ReportFailure()
    {
        lock (_gate)
        {
            _failures = Math.Min(_failures + 1, Threshold);
            _failedAt = _time.GetTimestamp();
            _probing = false;
        }
    }

    /// <summary>The caller gave up; that says nothing about the Gateway.</summary>
    internal void ReportNothing()
    {
        lock (_gate) _probing = false;
    }
}
