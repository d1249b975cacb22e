namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>What a request's address asks for: <c>https+http://_grpc.worldservice</c> is service worldservice, endpoint grpc, https before http.</summary>
internal readonly record struct ServiceName(string Service, string? Endpoint, IReadOnlyList<string> Schemes)
{
    public static ServiceName Of(Uri address)
    {
        var host = address.Host;
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        var schemes = address.Scheme.Split('+');
        return host.StartsWith('_') && dot > 1 && host[^1] != '.'
            ? new ServiceName(host[(dot + 1)..], host[1..dot], schemes)
            : new ServiceName(host, Endpoint: null, schemes);
    }
}
