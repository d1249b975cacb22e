using System.Collections.Concurrent;
using Polly;

namespace Microsoft.Extensions.Http.Resilience;

/// <summary>The pipelines of all clients. They outlive the handlers, which the client factory replaces every few minutes: an open circuit stays open.</summary>
internal sealed class HttpPipelines(TimeProvider? timeProvider = null)
{
    private readonly ConcurrentDictionary<(string Name, string Instance), Lazy<ResiliencePipeline<HttpResponseMessage>>> _pipelines = new();

    public ResiliencePipeline<HttpResponseMessage> Get(string name, string instance, Action<ResiliencePipelineBuilder<HttpResponseMessage>> configure) =>
        _pipelines.GetOrAdd((name, instance), _ => new Lazy<ResiliencePipeline<HttpResponseMessage>>(() =>
        {
            var builder = new ResiliencePipelineBuilder<HttpResponseMessage> { Name = name, InstanceName = instance, TimeProvider = timeProvider };
            configure(builder);
            return builder.Build();
        })).Value;
}

/// <summary>Which instance of a pipeline a request uses; absent means that all requests share one.</summary>
internal sealed class PipelineInstance
{
    public Func<HttpRequestMessage, string>? Of { get; set; }
}
