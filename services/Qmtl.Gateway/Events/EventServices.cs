using Qmtl.Gateway.Activation;

namespace Qmtl.Gateway.Events;

/// <summary>Events as part of a Gateway.</summary>
internal static class EventServices
{
    public static IServiceCollection AddEvents(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(EventOptions.Section).Get<EventOptions>() ?? new EventOptions();
        if (options.Problem() is { } problem) throw new InvalidOperationException(problem);
        services.AddSingleton(options);
        services.AddSingleton<EventMetrics>();
        services.AddSingleton<EventEncoder>();
        services.AddSingleton<EventHub>();
        services.AddSingleton<EventSnapshots>();
        services.AddSingleton<EventHistory>();
        services.AddSingleton<EventAccess>();
        services.AddSingleton<EventStreams>();
        services.AddSingleton<EventEndpoints>();
        services.AddSingleton<WebSocketEndpoint>();
        services.AddSingleton<ObservedPlans>();
        services.AddSingleton<SentinelTraffic>();
        services.AddSingleton<ActivationMetrics>();
        services.AddSingleton<IActivationSink, HubActivationSink>();
        services.AddSingleton<ActivationSequencer>();
        services.AddSingleton<ActivationObserver>();
        services.AddHostedService(provider => provider.GetRequiredService<ActivationObserver>());
        services.AddHostedService<EventRelay>();
        return services;
    }
}
