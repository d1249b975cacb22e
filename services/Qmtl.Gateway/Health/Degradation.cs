using System.Diagnostics.Metrics;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;

namespace Qmtl.Gateway.Health;

/// <summary>Checks every few seconds how far this gateway can work, and refuses what it cannot do.</summary>
internal sealed partial class Degradation : BackgroundService
{
    private static readonly KeyValuePair<string, object?> Service = new("service", "gateway");
    private readonly DependencyProbes _probes;
    private readonly IProcessLoad _load;
    private readonly DegradationOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<Degradation> _logger;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _refused;
    private LoadState _state;
    private int _loadLevel;

    public Degradation(DependencyProbes probes, IProcessLoad load, DegradationOptions options, TimeProvider time, ILogger<Degradation> logger)
    {
        (_probes, _load, _options, _time, _logger) = (probes, load, options, time, logger);
        _meter.CreateObservableGauge("degrade_level", () => new Measurement<int>((int)Level, Service), description: "0 normal, 1 partial, 2 minimal, 3 static.");
        _refused = _meter.CreateCounter<long>("degraded_requests_total", description: "Requests refused because of the level, by level.");
    }

    /// <summary>The level as of the last check or probe.</summary>
    public DegradeLevel Level => LevelOf(_probes.Latest);

    /// <summary>The level that states lead to, together with the load of the last check.</summary>
    public DegradeLevel LevelOf(DependencyStates? states)
    {
        var outages = DegradeRules.OfOutages(states?.Down ?? 0);
        var load = (DegradeLevel)Volatile.Read(ref _loadLevel);
        return outages > load ? outages : load;
    }

    /// <summary>Refuses a submission while there is too little to work with.</summary>
    /// <exception cref="RefusalException">The level is MINIMAL or worse.</exception>
    public void RequireSubmissions() => Require(DegradeLevel.Partial, "takes no submissions", "5");

    /// <summary>Refuses anything while nothing works.</summary>
    /// <exception cref="RefusalException">The level is STATIC.</exception>
    public void RequireAnything() => Require(DegradeLevel.Minimal, "answers nothing but health, status and metrics", "30");

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_options.CheckEvery, _time);
        try
        {
            do
            {
                await CheckAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Checks once.</summary>
    internal async Task CheckAsync(CancellationToken cancellation)
    {
        var before = Level;
        await _probes.ProbeAsync(cancellation);
        if (_options.CountLoad)
        {
            _state = DegradeRules.OfLoad(_state, _load.SinceLast(), _options);
            Volatile.Write(ref _loadLevel, (int)_state.Level);
        }

        if (Level != before) Changed(_logger, before, Level, _probes.Latest);
    }

    private void Require(DegradeLevel atMost, string consequence, string retryAfter)
    {
        var level = Level;
        if (level <= atMost) return;
        _refused.Add(1, new KeyValuePair<string, object?>("level", level.ToString().ToUpperInvariant()));
        var states = _probes.Latest;
        throw new RefusalException(
            ReasonCodes.Degraded,
            $"The gateway {consequence} at level {level.ToString().ToUpperInvariant()}: store {states?.Store}, dagmanager {states?.DagManager}, worldservice {states?.WorldService}{(_loadLevel > 0 ? ", processor overloaded" : "")}.",
            errors: null,
            new Dictionary<string, string>(StringComparer.Ordinal) { [RefusalStatus.RetryAfter] = retryAfter });
    }

    [LoggerMessage(1, LogLevel.Warning, "The gateway went from {Before} to {After}: {States}", EventName = "DegradeLevelChanged")]
    private static partial void Changed(ILogger logger, DegradeLevel before, DegradeLevel after, DependencyStates? states);
}

/// <summary>How much of the processors this process uses.</summary>
internal interface IProcessLoad
{
    /// <summary>Share of all processors since the last time this was asked, 0 to 1.</summary>
    double SinceLast();
}

/// <inheritdoc />
internal sealed class ProcessLoad(TimeProvider time) : IProcessLoad
{
    private TimeSpan _used = Environment.CpuUsage.TotalTime;
    private long _at = time.GetTimestamp();

    public double SinceLast()
    {
        var (used, at) = (Environment.CpuUsage.TotalTime, time.GetTimestamp());
        var elapsed = time.GetElapsedTime(_at, at) * Environment.ProcessorCount;
        var share = elapsed > TimeSpan.Zero ? (used - _used) / elapsed : 0;
        (_used, _at) = (used, at);
        return Math.Clamp(share, 0, 1);
    }
}
