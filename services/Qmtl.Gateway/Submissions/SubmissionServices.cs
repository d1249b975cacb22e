using Qmtl.Gateway.Contexts;
using Qmtl.Gateway.Telemetry;

namespace Qmtl.Gateway.Submissions;

/// <summary>Submissions as part of a Gateway.</summary>
internal static class SubmissionServices
{
    /// <summary>Adds the way of a submission from the door to the graph.</summary>
    /// <exception cref="InvalidOperationException">A setting cannot be used.</exception>
    public static IServiceCollection AddSubmissions(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(SubmissionOptions.Section).Get<SubmissionOptions>() ?? new SubmissionOptions();
        if (options.Problem() is { } problem) throw new InvalidOperationException(problem);
        var limits = configuration.GetSection(RateLimitOptions.Section).Get<RateLimitOptions>() ?? new RateLimitOptions();
        if (limits.Problem() is { } wrong) throw new InvalidOperationException(wrong);
        services.AddSingleton(options);
        services.AddSingleton(limits);
        services.AddSingleton<SubmissionLimits>();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<IngestMetrics>();
        services.AddSingleton<WorkerIdentity>();
        services.AddSingleton<ContextResolver>();
        services.AddSingleton<SubmissionReader>();
        services.AddSingleton<GraphClient>();
        services.AddSingleton<OwnSubmissions>();
        services.AddSingleton<SubmissionIntake>();
        services.AddSingleton<SubmissionProcessor>();
        services.AddSingleton<SubmissionWorkers>();
        services.AddHostedService(provider => provider.GetRequiredService<SubmissionWorkers>());
        services.AddHostedService<SubmissionSweeper>();
        services.AddHostedService<CommitLogWatch>();
        services.AddSingleton<SubmissionPipeline>();
        return services;
    }
}
