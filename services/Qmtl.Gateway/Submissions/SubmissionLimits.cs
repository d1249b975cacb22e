using System.Diagnostics.Metrics;
using System.Globalization;
using System.Threading.RateLimiting;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;

namespace Qmtl.Gateway.Submissions;

/// <summary>How much one caller may send. Section <c>Gateway:RateLimit</c>.</summary>
public sealed class RateLimitOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Gateway:RateLimit";

    /// <summary>Submissions and dry runs one caller may send in a second on average; 2,000. 0 lifts the limit.</summary>
    public int PerSecond { get; set; } = 2_000;

    /// <summary>How many one caller may send at once after a pause; 4,000.</summary>
    public int Burst { get; set; } = 4_000;

    /// <summary>Why the values cannot be used, or null.</summary>
    internal string? Problem() =>
        PerSecond < 0 ? $"{Section}:{nameof(PerSecond)} must not be negative, was {PerSecond}."
        : Burst < Math.Max(1, PerSecond / 10) ? $"{Section}:{nameof(Burst)} must be at least a tenth of {nameof(PerSecond)}, was {Burst}."
        : null;
}

/// <summary>Keeps one caller from taking the door away from the others. Each has a bucket of its own, which fills up over time.</summary>
internal sealed class SubmissionLimits : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);
    private readonly RateLimitOptions _options;
    private readonly PartitionedRateLimiter<string>? _limiter;
    private readonly Meter _meter = new("Qmtl.Gateway");
    private readonly Counter<long> _limited;

    public SubmissionLimits(RateLimitOptions options)
    {
        _options = options;
        _limited = _meter.CreateCounter<long>("rate_limited_requests_total", description: "Submissions refused because their caller sent too many.");
        _limited.Add(0);
        if (options.PerSecond > 0) _limiter = PartitionedRateLimiter.Create<string, string>(caller => RateLimitPartition.GetTokenBucketLimiter(caller, _ => Bucket(options)), StringComparer.Ordinal);
    }

    /// <summary>Counts a request of a caller.</summary>
    /// <exception cref="RefusalException">The caller sent too many.</exception>
    public void Take(string caller)
    {
        if (_limiter is null) return;
        using var lease = _limiter.AttemptAcquire(caller);
        if (lease.IsAcquired) return;
        _limited.Add(1);
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : Period;
        throw new RefusalException(
            ReasonCodes.RateLimit,
            $"More than {_options.PerSecond} submissions a second came from this caller; send slower, or raise {RateLimitOptions.Section}:{nameof(RateLimitOptions.PerSecond)}.",
            errors: null,
            new Dictionary<string, string>(StringComparer.Ordinal) { [RefusalStatus.RetryAfter] = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture) });
    }

    public void Dispose()
    {
        _limiter?.Dispose();
        _meter.Dispose();
    }

    private static TokenBucketRateLimiterOptions Bucket(RateLimitOptions options) => new()
    {
        TokenLimit = options.Burst,
        TokensPerPeriod = Math.Max(1, options.PerSecond / 10),
        ReplenishmentPeriod = options.PerSecond >= 10 ? Period : TimeSpan.FromSeconds(1.0 / options.PerSecond),
        QueueLimit = 0,
        AutoReplenishment = true,
    };
}
