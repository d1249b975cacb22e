using Polly;
using Polly.Retry;

namespace Qmtl.Gateway.Worlds;

/// <summary>Asks WorldService with a time limit, retries and the breaker. Only for calls that may be repeated.</summary>
internal sealed class WorldServiceCaller
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(25);
    private readonly WorldServiceOptions _options;
    private readonly WorldServiceBreaker _breaker;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline _retries;

    public WorldServiceCaller(WorldServiceOptions options, WorldServiceBreaker breaker, TimeProvider time)
    {
        _options = options;
        _breaker = breaker;
        _time = time;
        _retries = options.Retries == 0
            ? ResiliencePipeline.Empty
            : new ResiliencePipelineBuilder { TimeProvider = time }
                .AddRetry(new RetryStrategyOptions
                {
                    MaxRetryAttempts = options.Retries,
                    Delay = FirstPause,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Exception is { } problem && PeerBreaker.IsOutage(problem) && !breaker.IsOpen),
                })
                .Build();
    }

    /// <summary>Calls with the deadline given to it.</summary>
    /// <returns>The answer, or null when WorldService did not answer or is left alone.</returns>
    /// <exception cref="Exception">WorldService refused: its refusal, as the client reports it.</exception>
    public async Task<T?> TryAsync<T>(Func<DateTime, CancellationToken, Task<T>> call, CancellationToken cancellation)
        where T : class
    {
        try
        {
            return await _retries.ExecuteAsync(async token => await OnceAsync(call, token), cancellation);
        }
        catch (Exception problem) when (PeerBreaker.IsOutage(problem) && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<T?> OnceAsync<T>(Func<DateTime, CancellationToken, Task<T>> call, CancellationToken cancellation)
        where T : class
    {
        if (!_breaker.MayCall()) return null;
        try
        {
            var answer = await call(_time.GetUtcNow().UtcDateTime + _options.Timeout, cancellation);
            _breaker.Succeeded();
            return answer;
        }
        catch (Exception problem)
        {
            if (PeerBreaker.IsOutage(problem)) _breaker.Failed();
            else _breaker.Succeeded();
            throw;
        }
    }
}
