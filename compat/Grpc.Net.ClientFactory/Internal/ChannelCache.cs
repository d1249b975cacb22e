using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Grpc.Net.ClientFactory.Internal;

/// <summary>One channel per registered client, with the interceptors that live as long as it does.</summary>
internal sealed class ChannelCache(
    IServiceScopeFactory scopes, IOptionsMonitor<GrpcClientFactoryOptions> clients, IOptionsMonitor<HttpClientFactoryOptions> httpClients,
    IHttpMessageHandlerFactory handlers, ILoggerFactory loggers) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Entry>> _entries = new(StringComparer.Ordinal);

    public CallInvoker Get(string name) => _entries.GetOrAdd(name, key => new Lazy<Entry>(() => Create(key))).Value.Invoker;

    public void Dispose()
    {
        foreach (var entry in _entries.Values.Where(entry => entry.IsValueCreated))
        {
            entry.Value.Channel.Dispose();
            entry.Value.Scope.Dispose();
        }
    }

    private Entry Create(string name)
    {
        var settings = clients.Get(name);
        // What is configured on an HttpClient (a base address, headers) holds for the client that replaces it.
        using var template = new HttpClient(new SocketsHttpHandler());
        foreach (var configure in httpClients.Get(name).HttpClientActions) configure(template);
        var address = settings.Address ?? template.BaseAddress
            ?? throw new InvalidOperationException($"Could not resolve the address for gRPC client '{name}'. Set an address when registering the client: services.AddGrpcClient<{name}>(o => o.Address = new Uri(\"https://localhost:5001\"))");

        var scope = scopes.CreateScope();
        try
        {
            var options = new GrpcChannelOptions { HttpHandler = handlers.CreateHandler(name), LoggerFactory = loggers, ServiceProvider = scope.ServiceProvider };
            foreach (var configure in settings.ChannelOptionsActions) configure(options);
            if (settings.HasCallCredentials && address.Scheme != Uri.UriSchemeHttps && !options.UnsafeUseInsecureChannelCallCredentials)
            {
                throw new InvalidOperationException(
                    $"Call credential configured for gRPC client '{name}' requires TLS, and the client isn't configured to use TLS. Either configure a TLS address, or set {nameof(GrpcChannelOptions.UnsafeUseInsecureChannelCallCredentials)} on the channel.");
            }

            var channel = GrpcChannel.ForAddress(address, options);
            var invoker = ClientInvokers.Intercept(channel.CreateCallInvoker(), settings, InterceptorScope.Channel, scope.ServiceProvider);
            return new Entry(scope, channel, WithDefaultHeaders(invoker, template));
        }
        catch
        {
            scope.Dispose();
            throw;
        }
    }

    private static CallInvoker WithDefaultHeaders(CallInvoker invoker, HttpClient template)
    {
        var defaults = template.DefaultRequestHeaders.SelectMany(header => header.Value.Select(value => (Name: header.Key.ToLowerInvariant(), Value: value))).ToArray();
        return defaults.Length == 0 ? invoker : invoker.Intercept(metadata =>
        {
            var merged = new Metadata();
            foreach (var entry in metadata) merged.Add(entry);
            foreach (var (name, value) in defaults)
            {
                // A header set on the call replaces the default.
                if (metadata.Get(name) is null) merged.Add(name, value);
            }

            return merged;
        });
    }

    private sealed record Entry(IServiceScope Scope, GrpcChannel Channel, CallInvoker Invoker);
}
