namespace Qmtl.Testing;

/// <summary>A clock that moves only when told to, timers included.</summary>
public sealed class ManualClock(DateTimeOffset start) : TimeProvider
{
    private static readonly TimeSpan Exact = TimeSpan.FromHours(1);
    private const int Stops = 48;

    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private DateTimeOffset _now = start;

    public ManualClock()
        : this(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return _now;
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Moves time on and runs what falls due, in order of its due time, each at that time. More than an hour passes in a few stops,
    /// each of which runs what fell due since the last one, once: a loop that looks every second must not look a million times.
    /// </summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var from = GetUtcNow();
        if (by <= Exact)
        {
            while (NextDue(from + by) is { } timer) timer.Fire();
            lock (_gate) _now = from + by;
            return;
        }

        for (var stop = 1; stop <= Stops; stop++)
        {
            foreach (var timer in Stop(from + (by * stop / Stops))) timer.Fire();
        }
    }

    private ManualTimer? NextDue(DateTimeOffset until)
    {
        lock (_gate)
        {
            var next = _timers.Where(timer => timer.Due <= until).MinBy(timer => timer.Due);
            if (next is null) return null;
            if (next.Due > _now) _now = next.Due;
            next.Reschedule(next.Due);
            return next;
        }
    }

    private ManualTimer[] Stop(DateTimeOffset at)
    {
        lock (_gate)
        {
            _now = at;
            var due = _timers.Where(timer => timer.Due <= at).OrderBy(timer => timer.Due).ToArray();
            foreach (var timer in due) timer.Reschedule(at);
            return due;
        }
    }

    private sealed class ManualTimer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public DateTimeOffset Due { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                Due = clock._now + dueTime;
                clock._timers.Add(this);
            }
            return true;
        }

        public void Reschedule(DateTimeOffset from)
        {
            if (_period == Timeout.InfiniteTimeSpan || _period == TimeSpan.Zero) clock._timers.Remove(this);
            else Due = from + _period;
        }

        public void Dispose()
        {
            lock (clock._gate) clock._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
