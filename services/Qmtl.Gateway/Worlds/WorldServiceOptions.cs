namespace Qmtl.Gateway.Worlds;

/// <summary>How the Gateway asks WorldService. Section <c>Gateway:WorldService</c>.</summary>
public sealed class WorldServiceOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Gateway:WorldService";

    /// <summary>Time limit of one attempt; 300 ms.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Attempts after the first; 2.</summary>
    public int Retries { get; set; } = 2;

    /// <summary>Failures in a row after which WorldService, or DagManager for its own, is left alone; 3.</summary>
    public int BreakerFailures { get; set; } = 3;

    /// <summary>How long it is left alone; 5 s.</summary>
    public TimeSpan BreakerPause { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a decision without a time of its own is used; 300 s.</summary>
    public TimeSpan DefaultTtl { get; set; } = TimeSpan.FromSeconds(300);

    /// <summary>Whether calls with an effect on live need the header <c>X-Allow-Live: true</c>; on unless configured otherwise.</summary>
    public bool EnforceLiveGuard { get; set; } = true;

    /// <summary>Why the values cannot be used, or null.</summary>
    internal string? Problem() =>
        Timeout <= TimeSpan.Zero ? $"{Section}:{nameof(Timeout)} must be above 0, was {Timeout}."
        : Retries is < 0 or > 10 ? $"{Section}:{nameof(Retries)} must be 0 to 10, was {Retries}."
        : BreakerFailures < 1 ? $"{Section}:{nameof(BreakerFailures)} must be at least 1, was {BreakerFailures}."
        : BreakerPause <= TimeSpan.Zero ? $"{Section}:{nameof(BreakerPause)} must be above 0, was {BreakerPause}."
        : null;
}
