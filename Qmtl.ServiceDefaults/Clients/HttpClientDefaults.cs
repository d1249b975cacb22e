using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;

namespace Qmtl.ServiceDefaults.Clients;

internal static class HttpClientDefaults
{
    /// <summary>Every HTTP client finds services by name and survives short outages.</summary>
    public static IServiceCollection AddHttpClientDefaults(this IServiceCollection services)
    {
        services.AddServiceDiscovery();
        return services.ConfigureHttpClientDefaults(static http =>
        {
            // Only what may safely happen twice is repeated: a POST whose answer was lost may have acted.
#pragma warning disable EXTEXP0001 // experimental in the package
            http.AddStandardResilienceHandler(static options => options.Retry.DisableForUnsafeHttpMethods());
#pragma warning restore EXTEXP0001
            http.AddServiceDiscovery();
        });
    }
}
