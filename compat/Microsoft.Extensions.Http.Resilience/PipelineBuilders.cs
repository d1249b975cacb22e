using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Http.Resilience;

public interface IHttpResiliencePipelineBuilder
{
    string PipelineName { get; }

    IServiceCollection Services { get; }
}

public interface IHttpStandardResiliencePipelineBuilder
{
    string PipelineName { get; }

    IServiceCollection Services { get; }
}

public static class HttpStandardResiliencePipelineBuilderExtensions
{
    public static IHttpStandardResiliencePipelineBuilder Configure(this IHttpStandardResiliencePipelineBuilder builder, Action<HttpStandardResilienceOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.Configure(builder.PipelineName, configure);
        return builder;
    }

    public static IHttpStandardResiliencePipelineBuilder Configure(this IHttpStandardResiliencePipelineBuilder builder, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(section);
        if (!section.GetChildren().Any()) throw new ArgumentException("Configuration section cannot be empty.", nameof(section));
        builder.Services.Configure<HttpStandardResilienceOptions>(builder.PipelineName, section, static options => options.ErrorOnUnknownConfiguration = true);
        return builder;
    }

    /// <summary>One pipeline, so one circuit, for each scheme, host and port.</summary>
    public static IHttpStandardResiliencePipelineBuilder SelectPipelineByAuthority(this IHttpStandardResiliencePipelineBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure<PipelineInstance>(
            builder.PipelineName, static instance => instance.Of = static request => request.RequestUri?.GetLeftPart(UriPartial.Authority) ?? "");
        return builder;
    }
}
