using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Grpc.Net.ClientFactory.Internal;

/// <summary>Makes clients over the cached channels.</summary>
internal sealed class DefaultGrpcClientFactory(IServiceProvider services, ChannelCache channels, RegisteredClients registered, IOptionsMonitor<GrpcClientFactoryOptions> clients) : GrpcClientFactory
{
    public override TClient CreateClient<TClient>(string name)
        where TClient : class
    {
        if (!registered.Contains(name)) throw new InvalidOperationException($"No gRPC client configured with name '{name}'.");
        var settings = clients.Get(name);
        var invoker = ClientInvokers.WithCallOptions(channels.Get(name), settings, services);
        invoker = ClientInvokers.Intercept(invoker, settings, InterceptorScope.Client, services);
        return settings.Creator is { } create
            ? (TClient)create(invoker)
            : ActivatorUtilities.CreateInstance<TClient>(services, invoker);
    }
}

/// <summary>The names AddGrpcClient was called with.</summary>
internal sealed class RegisteredClients
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public void Add(string name) => _names.Add(name);

    public bool Contains(string name) => _names.Contains(name);
}
