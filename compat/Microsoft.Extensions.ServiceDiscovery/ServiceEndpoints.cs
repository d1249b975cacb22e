using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>Finds the addresses of a service in the configuration, and takes them in turn.</summary>
/// <remarks>Answers are kept until the configuration is reloaded.</remarks>
internal sealed class ServiceEndpoints : IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly ServiceDiscoveryOptions _options;
    private readonly string _section;
    private readonly IDisposable _reload;
    private ConcurrentDictionary<(string Scheme, string Host), Turn> _known = new();

    public ServiceEndpoints(IConfiguration configuration, IOptions<ServiceDiscoveryOptions> options, IOptions<ConfigurationServiceEndpointProviderOptions> provider)
    {
        _configuration = configuration;
        _options = options.Value;
        _section = provider.Value.SectionName;
        _reload = ChangeToken.OnChange(configuration.GetReloadToken, () => _known = new());
    }

    /// <summary>The next address to use instead of <paramref name="address"/>; one that no configuration knows passes through as a host name.</summary>
    public Uri Resolve(Uri address)
    {
        var next = _known.GetOrAdd((address.Scheme, address.Host), _ => new Turn(Find(ServiceName.Of(address)))).Next();
        return next is null ? PassedThrough(address) : Replaced(address, next);
    }

    public void Dispose() => _reload.Dispose();

    private List<Uri> Find(ServiceName name)
    {
        var service = _configuration.GetSection(_section).GetSection(name.Service);
        var schemes = _options.ApplyAllowedSchemes(name.Schemes);
        var endpoint = name.Endpoint is { } named
            ? service.GetSection(named)
            : new[] { "default" }.Concat(schemes).Select(service.GetSection).FirstOrDefault(static section => section.Exists());
        if (endpoint is null || !endpoint.Exists()) return [];
        var found = Values(endpoint, name).Select(entry => Parse(entry, name, schemes)).ToList();

        // Of the schemes that were asked for, only the most wanted one that exists.
        var best = schemes.FirstOrDefault(scheme => found.Exists(uri => uri.Scheme.Equals(scheme, StringComparison.OrdinalIgnoreCase)));
        return found.FindAll(uri => uri.Scheme.Equals(best, StringComparison.OrdinalIgnoreCase));
    }

    private static IConfigurationSection[] Values(IConfigurationSection endpoint, ServiceName name)
    {
        if (!string.IsNullOrWhiteSpace(endpoint.Value)) return [endpoint];
        var children = endpoint.GetChildren().ToArray();
        return children.All(static child => int.TryParse(child.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            ? children
            : throw new KeyNotFoundException($"The endpoint configuration section for service '{name.Service}' endpoint '{endpoint.Key}' has non-numeric keys.");
    }

    /// <summary>A value is an address, or a host and port to be reached by the first scheme of the request.</summary>
    private static Uri Parse(IConfigurationSection entry, ServiceName name, IReadOnlyList<string> schemes)
    {
        var text = entry.Value ?? "";
        var whole = text.Contains("://", StringComparison.Ordinal) ? text : $"{(schemes.Count > 0 ? schemes[0] : "http")}://{text}";
        return Uri.TryCreate(whole, UriKind.Absolute, out var uri) && uri.Host.Length > 0
            ? uri
            : throw new KeyNotFoundException($"The endpoint configuration section for service '{name.Service}' endpoint '{name.Endpoint ?? "default"}' has an invalid value with key '{entry.Key}'.");
    }

    private static Uri Replaced(Uri address, Uri endpoint)
    {
        var result = new UriBuilder(address) { Scheme = endpoint.Scheme, Host = endpoint.Host, Port = endpoint.Port };
        if (endpoint.AbsolutePath.Length > 1) result.Path = $"{endpoint.AbsolutePath.TrimEnd('/')}/{address.AbsolutePath.TrimStart('/')}";
        return result.Uri;
    }

    private Uri PassedThrough(Uri address)
    {
        var name = ServiceName.Of(address);
        if (name.Schemes.Count == 1 && name.Endpoint is null) return address;
        var scheme = _options.ApplyAllowedSchemes(name.Schemes) is [var first, ..] ? first : throw new InvalidOperationException($"The scheme '{name.Schemes[0]}' is not allowed.");

        // An address with several schemes has no default port: -1 lets the chosen scheme's own apply.
        return new UriBuilder(address) { Scheme = scheme, Host = name.Service, Port = address.IsDefaultPort ? -1 : address.Port }.Uri;
    }

    private sealed class Turn(List<Uri> endpoints)
    {
        private uint _count = uint.MaxValue;

        public Uri? Next() => endpoints.Count == 0 ? null : endpoints[(int)(Interlocked.Increment(ref _count) % (uint)endpoints.Count)];
    }
}
