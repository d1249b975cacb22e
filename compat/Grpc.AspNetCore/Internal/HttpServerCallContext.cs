using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>A call over an HTTP request.</summary>
internal sealed partial class HttpServerCallContext(HttpContext http, MethodSettings settings, ILogger logger) : ServerCallContext, IAsyncDisposable
{
    private static readonly HashSet<string> ProtocolHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        Headers.Encoding, Headers.AcceptEncoding, Headers.Timeout, "content-type", "te", "host", "accept-encoding",
    };

    private const int Http2Cancel = 8;

    private readonly MessageChannel _messages = new(http, settings);
    private readonly Activity? _activity = http.Features.Get<IHttpActivityFeature>()?.Activity;
    private CallDeadline? _deadline;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private AuthContext? _authContext;

    public HttpContext HttpContext => http;

    protected override string MethodCore => http.Request.Path.Value!;

    protected override string HostCore => http.Request.Host.Value!;

    protected override string PeerCore => http.Connection.RemoteIpAddress switch
    {
        null => "unknown",
        { AddressFamily: AddressFamily.InterNetworkV6 } address => $"ipv6:[{address}]:{http.Connection.RemotePort}",
        var address => $"ipv4:{address}:{http.Connection.RemotePort}",
    };

    protected override DateTime DeadlineCore => _deadline?.At ?? DateTime.MaxValue;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= ReadHeaders(http.Request.Headers);

    protected override CancellationToken CancellationTokenCore => _deadline?.CancellationToken ?? http.RequestAborted;

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => _authContext ??= ReadCertificate(http.Connection.ClientCertificate);

    protected override IDictionary<object, object> UserStateCore => http.Items!;

    public void Start()
    {
        _activity?.SetTag("grpc.method", MethodCore);
        _messages.ChooseEncodings();
        if (Headers.TryParseTimeout(http.Request.Headers[Headers.Timeout], out var timeout))
            _deadline = new CallDeadline(timeout, http.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System, DeadlineExceededAsync, http.RequestAborted);
    }

    public async Task<T> ReadRequestAsync<T>(Marshaller<T> marshaller)
        where T : class =>
        await _messages.Reader.ReadSingleAsync(marshaller.ContextualDeserializer, CancellationToken).ConfigureAwait(false) ?? throw new RpcException(WireStatus.Incomplete);

    public ValueTask<T?> ReadStreamAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class => _messages.Reader.ReadAsync(marshaller.ContextualDeserializer, cancellationToken);

    /// <summary>The only response: it leaves together with the trailers. When the deadline has ended the call, there is nobody to answer; that is no error of the handler.</summary>
    public Task WriteResponseAsync<T>(T? response, Marshaller<T> marshaller)
        where T : class =>
        response is null
            ? throw new RpcException(new Status(StatusCode.Cancelled, "No message returned from method."))
            : _messages.TryWriteAsync(response, marshaller, WriteOptions, CancellationToken);

    /// <summary>One response of several: it leaves now, and the caller waits until the transport has taken it.</summary>
    public async Task WriteStreamAsync<T>(T response, Marshaller<T> marshaller, WriteOptions? options, CancellationToken cancellationToken)
        where T : class
    {
        await _messages.WriteAsync(response, marshaller, options, cancellationToken).ConfigureAwait(false);
        if ((options?.Flags ?? default).HasFlag(WriteFlags.BufferHint)) return;
        await http.Response.BodyWriter.FlushAsync(cancellationToken).ConfigureAwait(false);
        // A flush towards a client that went away may return as if nothing were wrong.
        if (CancellationToken.IsCancellationRequested) throw new OperationCanceledException("Request aborted while sending the message.", CancellationToken);
    }

    public async Task EndAsync()
    {
        await CompleteAsync().ConfigureAwait(false);
        _activity?.SetTag("grpc.status_code", (int)StatusCore.StatusCode);
    }

    public async Task FailAsync(Exception failure, string methodName)
    {
        if (failure is RpcException refusal)
        {
            LogRefused(methodName, refusal.StatusCode, refusal.Status.Detail);
            foreach (var entry in refusal.Trailers) ResponseTrailers.Add(entry);
            StatusCore = refusal.Status;
        }
        else
        {
            if (failure is OperationCanceledException or IOException && CancellationToken.IsCancellationRequested) LogCancelled(methodName);
            else LogFailed(methodName, failure);
            var detail = settings.DetailedErrors ? $"Exception was thrown by handler. {Describe(failure)}" : "Exception was thrown by handler.";
            StatusCore = new Status(StatusCode.Unknown, detail, failure);
        }

        await EndAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _deadline?.DisposeAsync() ?? ValueTask.CompletedTask;

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        if (http.Response.HasStarted) throw new InvalidOperationException("Response headers can only be sent once per call.");
        foreach (var entry in responseHeaders)
        {
            if (entry.Key == Headers.CompressionRequest)
            {
                _messages.UseResponseEncoding(entry.Value);
                continue;
            }

            try
            {
                http.Response.Headers.Append(entry.Key, Headers.Value(entry));
            }
            catch (Exception invalid)
            {
                throw new InvalidOperationException($"Error adding response header '{entry.Key}'.", invalid);
            }
        }

        return http.Response.BodyWriter.FlushAsync().AsTask();
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotImplementedException("Context propagation is done by the client factory, not by tokens.");

    /// <summary>Writes the trailers, unless the deadline has already ended the call on the wire.</summary>
    private async Task CompleteAsync()
    {
        if (_deadline is { } deadline && !deadline.TryComplete())
        {
            await deadline.Expired.ConfigureAwait(false);
            return;
        }

        _messages.Close();
        if (!http.RequestAborted.IsCancellationRequested) ResponseStatus.Write(http.Response, StatusCore, _responseTrailers);
    }

    /// <summary>The client learns of it now, even if the handler does not heed its token.</summary>
    private async Task DeadlineExceededAsync()
    {
        _messages.Close();
        StatusCore = new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded");
        ResponseStatus.Write(http.Response, StatusCore, trailers: null);
        await http.Response.CompleteAsync().ConfigureAwait(false);
        // After the trailers: the client need not go on sending requests nobody will read.
        http.Features.Get<IHttpResetFeature>()?.Reset(Http2Cancel);
    }

    private static Metadata ReadHeaders(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach (var (name, value) in headers)
        {
            if (!name.StartsWith(':') && !ProtocolHeaders.Contains(name)) Headers.AddReceived(metadata, name, value.ToString());
        }

        return metadata;
    }

    private static AuthContext ReadCertificate(X509Certificate2? certificate)
    {
        const string CommonName = "x509_common_name";
        if (certificate?.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is not { Length: > 0 } name) return new AuthContext(null, []);
        return new AuthContext(CommonName, new() { [CommonName] = [AuthProperty.Create(CommonName, System.Text.Encoding.UTF8.GetBytes(name))] });
    }

    private static string Describe(Exception failure) =>
        failure.InnerException is { } inner ? $"{failure.GetType().Name}: {failure.Message} {Describe(inner)}" : $"{failure.GetType().Name}: {failure.Message}";

    [LoggerMessage(Level = LogLevel.Information, EventId = 1, Message = "Method {Method} ended with {StatusCode}: {Detail}")]
    private partial void LogRefused(string method, StatusCode statusCode, string detail);

    [LoggerMessage(Level = LogLevel.Information, EventId = 2, Message = "Method {Method} was cancelled by its caller")]
    private partial void LogCancelled(string method);

    [LoggerMessage(Level = LogLevel.Error, EventId = 3, Message = "Error when executing service method '{Method}'.")]
    private partial void LogFailed(string method, Exception failure);
}
