using System.Diagnostics.CodeAnalysis;
using Polly;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Retry;
using Polly.Timeout;

namespace Microsoft.Extensions.Http.Resilience;

public class HttpRateLimiterStrategyOptions : RateLimiterStrategyOptions;

public class HttpTimeoutStrategyOptions : TimeoutStrategyOptions;

/// <summary>Opens on transient failures: by default when 10 % of at least 100 requests in 30 s failed, for 5 s.</summary>
public class HttpCircuitBreakerStrategyOptions : CircuitBreakerStrategyOptions<HttpResponseMessage>
{
    public HttpCircuitBreakerStrategyOptions() => ShouldHandle = static args => new ValueTask<bool>(HttpClientResiliencePredicates.IsTransient(args.Outcome));
}

/// <summary>Repeats on transient failures: by default three times, exponentially from 2 s with jitter, or when <c>Retry-After</c> says.</summary>
public class HttpRetryStrategyOptions : RetryStrategyOptions<HttpResponseMessage>
{
    public HttpRetryStrategyOptions()
    {
        ShouldHandle = static args => new ValueTask<bool>(
            HttpClientResiliencePredicates.IsTransient(args.Outcome) || ConnectTimedOut(args.Outcome, args.Context.CancellationToken));
        BackoffType = DelayBackoffType.Exponential;
        UseJitter = true;
        ShouldRetryAfterHeader = true;
    }

    public bool ShouldRetryAfterHeader
    {
        get;
        set
        {
            field = value;
            DelayGenerator = value ? static args => new ValueTask<TimeSpan?>(RetryAfter(args.Outcome.Result)) : null;
        }
    }

    private static bool ConnectTimedOut(Outcome<HttpResponseMessage> outcome, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && outcome.Exception is OperationCanceledException { Source: "System.Private.CoreLib", InnerException: TimeoutException };

    private static TimeSpan? RetryAfter(HttpResponseMessage? response)
    {
        var delay = response?.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - TimeProvider.System.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return delay < TimeSpan.Zero ? TimeSpan.Zero : delay;
    }
}

public static class HttpRetryStrategyOptionsExtensions
{
    /// <summary>Does not repeat requests that may have changed something.</summary>
    [Experimental("EXTEXP0001")]
    public static void DisableForUnsafeHttpMethods(this HttpRetryStrategyOptions options) =>
        options.DisableFor(HttpMethod.Delete, HttpMethod.Post, HttpMethod.Put, HttpMethod.Connect, HttpMethod.Patch);

    /// <summary>Does not repeat requests of these methods.</summary>
    [Experimental("EXTEXP0001")]
    public static void DisableFor(this HttpRetryStrategyOptions options, params HttpMethod[] methods)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(methods);
        var before = options.ShouldHandle;
        options.ShouldHandle = async args =>
        {
            var request = args.Outcome.Result?.RequestMessage ?? (args.Context.Properties.TryGetValue(ResilienceHandler.RequestKey, out var sent) ? sent : null);
            return await before(args).ConfigureAwait(args.Context.ContinueOnCapturedContext) && (request is null || !methods.Contains(request.Method));
        };
    }
}
