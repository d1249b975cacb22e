using System.Net.Sockets;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>An endpoint that a resource listens on.</summary>
public sealed class EndpointAnnotation : IResourceAnnotation
{
    private string? _transport;
    private bool? _tlsEnabled;

    /// <summary>Describes an endpoint.</summary>
    public EndpointAnnotation(
        ProtocolType protocol,
        string? uriScheme = null,
        string? transport = null,
        string? name = null,
        int? port = null,
        int? targetPort = null,
        bool? isExternal = null,
        bool? isProxied = null)
    {
        Protocol = protocol;
        UriScheme = uriScheme ?? protocol.ToString().ToLowerInvariant();
        Name = name ?? UriScheme;
        _transport = transport;
        Port = port;
        TargetPort = targetPort;
        IsExternal = isExternal ?? false;
        IsExplicitlyProxied = isProxied;
    }

    /// <summary>The name, unique in the resource.</summary>
    public string Name { get; set; }

    /// <summary>The protocol of the socket.</summary>
    public ProtocolType Protocol { get; set; }

    /// <summary>The port that others connect to; null for a free one.</summary>
    public int? Port { get; set; }

    /// <summary>The port that the process itself listens on; null for the same.</summary>
    public int? TargetPort { get; set; }

    /// <summary>The scheme of the endpoint's address.</summary>
    public string UriScheme { get; set; }

    /// <summary>The host that the process is asked to listen on.</summary>
    public string TargetHost { get; set; } = "localhost";

    /// <summary><c>http</c>, <c>http2</c> or <c>tcp</c>.</summary>
    public string Transport
    {
        get => _transport ?? (IsHttp ? "http" : Protocol.ToString().ToLowerInvariant());
        set => _transport = value;
    }

    /// <summary>Whether a published application exposes it to the outside.</summary>
    public bool IsExternal { get; set; }

    /// <summary>Whether something may stand between clients and the process.</summary>
    public bool IsProxied
    {
        get => IsExplicitlyProxied ?? true;
        set => IsExplicitlyProxied = value;
    }

    /// <summary>What was said about proxying, if anything.</summary>
    public bool? IsExplicitlyProxied { get; set; }

    /// <summary>Whether it speaks TLS.</summary>
    public bool TlsEnabled
    {
        get => _tlsEnabled ?? string.Equals(UriScheme, "https", StringComparison.OrdinalIgnoreCase);
        set => _tlsEnabled = value;
    }

    /// <summary>Whether a reference to the whole resource leaves it out.</summary>
    public bool ExcludeReferenceEndpoint { get; set; }

    /// <summary>The address it was given; null until the application starts.</summary>
    public AllocatedEndpoint? AllocatedEndpoint { get; set; }

    /// <summary>The environment variable that tells the process its port.</summary>
    internal string? TargetPortEnvironmentVariable { get; set; }

    internal bool IsHttp => UriScheme is "http" or "https";
}

/// <summary>The address of an endpoint of a running application.</summary>
public class AllocatedEndpoint(EndpointAnnotation endpoint, string address, int port, string? targetPortExpression = null)
{
    /// <summary>The endpoint this is the address of.</summary>
    public EndpointAnnotation Endpoint { get; } = endpoint;

    /// <summary>The host.</summary>
    public string Address { get; } = address;

    /// <summary>The port that others connect to.</summary>
    public int Port { get; } = port;

    /// <summary>The port that the process listens on, where it differs.</summary>
    public string? TargetPortExpression { get; } = targetPortExpression;

    /// <summary>The scheme.</summary>
    public string UriScheme => Endpoint.UriScheme;

    /// <summary>Host and port.</summary>
    public string EndPointString => $"{Address}:{Port}";

    /// <summary>Scheme, host and port.</summary>
    public string UriString => $"{UriScheme}://{EndPointString}";

    /// <inheritdoc />
    public override string ToString() => UriString;
}
