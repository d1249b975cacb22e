using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace Qmtl.ServiceDefaults.Endpoints;

/// <summary>Where a process listens. What code sets here are defaults: the configuration (environment) overrides each.</summary>
public sealed class QmtlEndpointOptions
{
    /// <summary>Name of the endpoint for HTTP/1.1: JSON, events, health, metrics.</summary>
    public const string Http = "http";

    /// <summary>Name of the endpoint for gRPC: HTTP/2 without TLS, which cannot share a port with HTTP/1.1.</summary>
    public const string Grpc = "grpc";

    private readonly Dictionary<string, int> _extra = new(StringComparer.Ordinal);

    /// <summary>Port of <see cref="Http"/>, key <c>HTTP_PORT</c>; 0 takes a free one, null has no such endpoint. Default: 8000.</summary>
    public int? HttpPort { get; set; } = 8000;

    /// <summary>Port of <see cref="Grpc"/>, key <c>GRPC_PORT</c>; 0 takes a free one, null has no such endpoint. Default: 8001.</summary>
    public int? GrpcPort { get; set; } = 8001;

    /// <summary>Address that all endpoints are bound on, key <c>BindAddress</c>: an IP address, <c>localhost</c>, or <c>*</c> for all. Default: 127.0.0.1.</summary>
    public string BindAddress { get; set; } = "127.0.0.1";

    /// <summary>Largest request body in bytes, key <c>MaxRequestBodyBytes</c>. Default: 8 MiB.</summary>
    public long MaxRequestBodyBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Further HTTP/1.1 endpoints by name.</summary>
    public IReadOnlyDictionary<string, int> ExtraHttp => _extra;

    /// <summary>Adds an HTTP/1.1 endpoint; its port's key is <c>{NAME}_PORT</c>.</summary>
    public QmtlEndpointOptions AddHttp(string name, int port)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name is Http or Grpc || !_extra.TryAdd(name, port)) throw new ArgumentException($"There is an endpoint '{name}' already.", nameof(name));
        return this;
    }

    internal void Read(IConfiguration configuration)
    {
        HttpPort = Port(configuration, Http, HttpPort);
        GrpcPort = Port(configuration, Grpc, GrpcPort);
        foreach (var (name, port) in _extra.ToArray()) _extra[name] = Port(configuration, name, port) ?? port;
        if (configuration[nameof(BindAddress)] is { Length: > 0 } address) BindAddress = address;
        if (configuration[nameof(MaxRequestBodyBytes)] is { Length: > 0 } text)
        {
            MaxRequestBodyBytes = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) && bytes > 0
                ? bytes
                : throw new InvalidOperationException($"{nameof(MaxRequestBodyBytes)} was '{text}': give a number of bytes above 0.");
        }
    }

    internal IPAddress Address() => BindAddress switch
    {
        "*" => IPAddress.Any,
        "localhost" => IPAddress.Loopback,
        _ => IPAddress.TryParse(BindAddress, out var address)
            ? address
            : throw new InvalidOperationException($"{nameof(BindAddress)} was '{BindAddress}': give an IP address, 'localhost', or '*' for all."),
    };

    private static int? Port(IConfiguration configuration, string name, int? otherwise)
    {
        var key = $"{name.Replace('-', '_').ToUpperInvariant()}_PORT";
        if (configuration[key] is not { Length: > 0 } text) return otherwise;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= IPEndPoint.MaxPort
            ? port
            : throw new InvalidOperationException($"{key} was '{text}': give a port from 1 to {IPEndPoint.MaxPort}, or 0 for a free one.");
    }
}
