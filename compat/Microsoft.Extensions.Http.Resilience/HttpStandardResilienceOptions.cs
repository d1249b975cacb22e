using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.Http.Resilience;

/// <summary>The standard pipeline, outermost first.</summary>
public class HttpStandardResilienceOptions
{
    public HttpRateLimiterStrategyOptions RateLimiter { get; set; } = new() { Name = "Standard-RateLimiter" };

    /// <summary>All attempts and the waits between them. Default: 30 s.</summary>
    public HttpTimeoutStrategyOptions TotalRequestTimeout { get; set; } = new() { Name = "Standard-TotalRequestTimeout" };

    public HttpRetryStrategyOptions Retry { get; set; } = new() { Name = "Standard-Retry" };

    public HttpCircuitBreakerStrategyOptions CircuitBreaker { get; set; } = new() { Name = "Standard-CircuitBreaker" };

    /// <summary>One attempt. Default: 10 s.</summary>
    public HttpTimeoutStrategyOptions AttemptTimeout { get; set; } = new() { Name = "Standard-AttemptTimeout", Timeout = TimeSpan.FromSeconds(10) };
}

internal sealed class HttpStandardResilienceOptionsValidator(string name) : IValidateOptions<HttpStandardResilienceOptions>
{
    public ValidateOptionsResult Validate(string? name1, HttpStandardResilienceOptions options)
    {
        if (name1 != name) return ValidateOptionsResult.Skip;
        var errors = new List<string>();
        var attempt = options.AttemptTimeout.Timeout;
        if (attempt > options.TotalRequestTimeout.Timeout)
        {
            errors.Add("Total request timeout resilience strategy must have a greater timeout than the attempt resilience strategy. "
                + $"Total Request Timeout: {options.TotalRequestTimeout.Timeout.TotalSeconds}s, Attempt Timeout: {attempt.TotalSeconds}s");
        }

        if (options.CircuitBreaker.SamplingDuration < 2 * attempt)
        {
            errors.Add("The sampling duration of circuit breaker strategy needs to be at least double of an attempt timeout strategy's timeout interval, in order to be effective. "
                + $"Sampling Duration: {options.CircuitBreaker.SamplingDuration.TotalSeconds}s, Attempt Timeout: {attempt.TotalSeconds}s");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
