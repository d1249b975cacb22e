using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Qmtl.ServiceDefaults.Endpoints;

/// <summary>The named endpoints of this process and, once it has started, the addresses that they are bound to.</summary>
public sealed class QmtlEndpoints
{
    private readonly Dictionary<string, ListenOptions> _bound = new(StringComparer.Ordinal);

    /// <summary>Names in the order they were configured.</summary>
    public IReadOnlyCollection<string> Names => _bound.Keys;

    /// <summary>The address of endpoint <paramref name="name"/>; meaningful after the host has started.</summary>
    public Uri this[string name]
    {
        get
        {
            if (!_bound.TryGetValue(name, out var listen)) throw new KeyNotFoundException($"There is no endpoint '{name}' (there are: {string.Join(", ", _bound.Keys)}).");
            var at = listen.IPEndPoint!;

            // "Any" is an address to bind, not one to call.
            var host = at.Address.Equals(IPAddress.Any) ? IPAddress.Loopback : at.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback : at.Address;
            return new Uri($"http://{new IPEndPoint(host, at.Port)}");
        }
    }

    internal void Add(string name, ListenOptions listen) => _bound[name] = listen;
}

/// <summary>The endpoint that a connection came in by.</summary>
internal sealed record EndpointFeature(string Name);
