namespace Qmtl.WorldService.Monitoring.Live;

/// <summary>Section <c>WorldService:LiveMonitoring</c> of the configuration.</summary>
internal sealed class LiveMonitoringOptions
{
    public const string Section = "WorldService:LiveMonitoring";

    /// <summary>How often each world is monitored by itself; zero leaves it to callers.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How old a series that came with a live run may be, where no risk snapshot tells what a strategy realised; older than that says nothing of today.</summary>
    public TimeSpan MaxSeriesAge { get; set; } = TimeSpan.FromDays(2);

    /// <summary>How long one replica has a world to itself; a replica that died blocks no longer than this.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromMinutes(2);
}
