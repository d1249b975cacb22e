using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>A call over HTTP/JSON as its handler sees it.</summary>
internal sealed class JsonCallContext : ServerCallContext
{
    /// <summary>Where grpc-dotnet's GetHttpContext looks in contexts that are not its own.</summary>
    private const string HttpContextItem = "__HttpContext";

    private readonly HttpContext _http;
    private readonly Func<Metadata, Task>? _start;
    private Metadata? _requestHeaders;

    public JsonCallContext(HttpContext http, MethodDescriptor method, Func<Metadata, Task>? start, CancellationToken cancellationToken)
    {
        _http = http;
        _start = start;
        MethodCore = $"/{method.Service.FullName}/{method.Name}";
        CancellationTokenCore = cancellationToken;
        http.Items[HttpContextItem] = http;
    }

    protected override string MethodCore { get; }

    protected override string HostCore => _http.Request.Host.Value ?? "";

    protected override string PeerCore => _http.Connection.RemoteIpAddress is { } address ? $"{(address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? "ipv6" : "ipv4")}:{address}:{_http.Connection.RemotePort}" : "unknown";

    protected override DateTime DeadlineCore => DateTime.MaxValue;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= ReadHeaders(_http.Request);

    protected override CancellationToken CancellationTokenCore { get; }

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore { get; } = new(null, []);

    protected override IDictionary<object, object> UserStateCore => _http.Items!;

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        foreach (var header in responseHeaders) ResponseTrailersCore.Add(header);
        return _start is null ? Task.CompletedTask : _start(ResponseTrailersCore);
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Context propagation is done by the client factory, not by tokens.");

    /// <summary>Headers that gRPC metadata cannot carry are not for handlers.</summary>
    private static Metadata ReadHeaders(HttpRequest request)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in request.Headers)
        {
            if (name.StartsWith(':') || name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')) continue;
            foreach (var value in values) metadata.Add(name, value ?? "");
        }

        return metadata;
    }
}
