using System.Threading.RateLimiting;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.RateLimiting;

namespace Polly.RateLimiting
{
    /// <summary>How many executions may run at once.</summary>
    public class RateLimiterStrategyOptions : ResilienceStrategyOptions
    {
        public RateLimiterStrategyOptions() => Name = "RateLimiter";

        /// <summary>The limiter that is made where <see cref="RateLimiter"/> is null. Default: 1000 at once, none waiting.</summary>
        public ConcurrencyLimiterOptions DefaultRateLimiterOptions { get; set; } = new() { PermitLimit = 1000, QueueLimit = 0 };

        /// <summary>Takes a lease for one execution; null uses <see cref="DefaultRateLimiterOptions"/>.</summary>
        public Func<RateLimiterArguments, ValueTask<RateLimitLease>>? RateLimiter { get; set; }
    }

    public readonly struct RateLimiterArguments(ResilienceContext context)
    {
        public ResilienceContext Context { get; } = context;
    }

    /// <summary>The limiter refused an execution.</summary>
    public sealed class RateLimiterRejectedException : ExecutionRejectedException
    {
        private const string Refused = "The operation could not be executed because it was rejected by the rate limiter.";

        public RateLimiterRejectedException()
            : base(Refused)
        {
        }

        public RateLimiterRejectedException(string message)
            : base(message)
        {
        }

        public RateLimiterRejectedException(string message, Exception inner)
            : base(message, inner)
        {
        }

        public RateLimiterRejectedException(TimeSpan retryAfter)
            : base($"{Refused} It can be retried after '{retryAfter}'.") => RetryAfter = retryAfter;

        public TimeSpan? RetryAfter { get; }
    }
}

namespace Polly
{
    public static class RateLimiterResiliencePipelineBuilderExtensions
    {
        public static TBuilder AddRateLimiter<TBuilder>(this TBuilder builder, RateLimiterStrategyOptions options)
            where TBuilder : ResiliencePipelineBuilderBase
        {
            ArgumentNullException.ThrowIfNull(builder);
            ArgumentNullException.ThrowIfNull(options);
            return builder.AddStrategy(_ => new RateLimiterStrategy(options), options);
        }
    }
}

namespace Microsoft.Extensions.Http.Resilience
{
    internal sealed class RateLimiterStrategy : ResilienceStrategy
    {
        private readonly Func<RateLimiterArguments, ValueTask<RateLimitLease>> _acquire;

        public RateLimiterStrategy(RateLimiterStrategyOptions options)
        {
            if (options.RateLimiter is { } given)
            {
                _acquire = given;
                return;
            }

            var limiter = new ConcurrencyLimiter(options.DefaultRateLimiterOptions);
            _acquire = arguments => limiter.AcquireAsync(1, arguments.Context.CancellationToken);
        }

        protected override async ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state)
        {
            RateLimitLease lease;
            try
            {
                lease = await _acquire(new RateLimiterArguments(context)).ConfigureAwait(context.ContinueOnCapturedContext);
            }
            catch (OperationCanceledException canceled)
            {
                return Outcome.FromException<TResult>(canceled);
            }

            using (lease)
            {
                if (lease.IsAcquired) return await callback(context, state).ConfigureAwait(context.ContinueOnCapturedContext);
                return Outcome.FromException<TResult>(lease.TryGetMetadata(MetadataName.RetryAfter, out var after)
                    ? new RateLimiterRejectedException(after)
                    : new RateLimiterRejectedException());
            }
        }
    }
}
