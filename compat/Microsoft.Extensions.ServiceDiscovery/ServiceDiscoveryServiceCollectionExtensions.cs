using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.ServiceDiscovery;

namespace Microsoft.Extensions.DependencyInjection;

public static class ServiceDiscoveryServiceCollectionExtensions
{
    /// <summary>Resolves service names from the configuration; names that it lacks pass through.</summary>
    public static IServiceCollection AddServiceDiscovery(this IServiceCollection services) => AddServiceDiscovery(services, static _ => { });

    public static IServiceCollection AddServiceDiscovery(this IServiceCollection services, Action<ServiceDiscoveryOptions> configureOptions)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configureOptions);
        services.AddOptions();
        services.TryAddSingleton(static _ => TimeProvider.System);
        services.TryAddSingleton<ServiceEndpoints>();
        services.Configure(configureOptions);
        return services;
    }

    public static IServiceCollection AddConfigurationServiceEndpointProvider(
        this IServiceCollection services, Action<ConfigurationServiceEndpointProviderOptions> configureOptions)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configureOptions);
        return services.AddServiceDiscovery().Configure(configureOptions);
    }
}
