using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;

namespace Microsoft.Extensions.DependencyInjection;

public static class ResilienceHttpClientBuilderExtensions
{
    private const string Standard = "standard";

    /// <summary>Rate limiter, total timeout, retry, circuit breaker and attempt timeout with the standard settings.</summary>
    public static IHttpStandardResiliencePipelineBuilder AddStandardResilienceHandler(this IHttpClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var name = PipelineName(builder.Name, Standard);
        builder.Services.AddOptions<HttpStandardResilienceOptions>(name).ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<HttpStandardResilienceOptions>>(new HttpStandardResilienceOptionsValidator(name));
        AddHandler(builder, name, static (pipeline, services, name) =>
        {
            var options = services.GetRequiredService<IOptionsMonitor<HttpStandardResilienceOptions>>().Get(name);
            pipeline
                .AddRateLimiter(options.RateLimiter)
                .AddTimeout(options.TotalRequestTimeout)
                .AddRetry(options.Retry)
                .AddCircuitBreaker(options.CircuitBreaker)
                .AddTimeout(options.AttemptTimeout);
        });

        // The pipeline decides how long a request may take; HttpClient's own 100 s must not cut a longer total timeout.
        builder.ConfigureHttpClient(static client => client.Timeout = Timeout.InfiniteTimeSpan);
        return new StandardPipelineBuilder(name, builder.Services);
    }

    public static IHttpStandardResiliencePipelineBuilder AddStandardResilienceHandler(this IHttpClientBuilder builder, Action<HttpStandardResilienceOptions> configure) =>
        builder.AddStandardResilienceHandler().Configure(configure);

    public static IHttpStandardResiliencePipelineBuilder AddStandardResilienceHandler(this IHttpClientBuilder builder, IConfigurationSection section) =>
        builder.AddStandardResilienceHandler().Configure(section);

    /// <summary>A pipeline of one's own.</summary>
    public static IHttpResiliencePipelineBuilder AddResilienceHandler(
        this IHttpClientBuilder builder, string pipelineName, Action<ResiliencePipelineBuilder<HttpResponseMessage>> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(pipelineName);
        ArgumentNullException.ThrowIfNull(configure);
        var name = PipelineName(builder.Name, pipelineName);
        AddHandler(builder, name, (pipeline, _, _) => configure(pipeline));
        return new PipelineBuilder(name, builder.Services);
    }

    /// <summary>Takes off every resilience handler added so far, the ones of the defaults for all clients among them.</summary>
    [Experimental("EXTEXP0001")]
    public static IHttpClientBuilder RemoveAllResilienceHandlers(this IHttpClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureAdditionalHttpMessageHandlers(static (handlers, _) =>
        {
            for (var i = handlers.Count - 1; i >= 0; i--)
            {
                if (handlers[i] is ResilienceHandler) handlers.RemoveAt(i);
            }
        });
    }

    private static void AddHandler(IHttpClientBuilder builder, string name, Action<ResiliencePipelineBuilder<HttpResponseMessage>, IServiceProvider, string> configure)
    {
        builder.Services.TryAddSingleton(static services => new HttpPipelines(services.GetService<TimeProvider>()));
        builder.AddHttpMessageHandler(services =>
        {
            var pipelines = services.GetRequiredService<HttpPipelines>();
            var instance = services.GetRequiredService<IOptionsMonitor<PipelineInstance>>().Get(name).Of;
            void Configure(ResiliencePipelineBuilder<HttpResponseMessage> pipeline) => configure(pipeline, services, name);
            return instance is null
                ? new ResilienceHandler(pipelines.Get(name, "", Configure))
                : new ResilienceHandler(request => pipelines.Get(name, instance(request), Configure));
        });
    }

    private static string PipelineName(string? client, string pipeline) => string.IsNullOrEmpty(client) ? pipeline : $"{client}-{pipeline}";

    private sealed record StandardPipelineBuilder(string PipelineName, IServiceCollection Services) : IHttpStandardResiliencePipelineBuilder;

    private sealed record PipelineBuilder(string PipelineName, IServiceCollection Services) : IHttpResiliencePipelineBuilder;
}
