using Grpc.Core;
using Grpc.Net.Client.Internal;
using Grpc.Net.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Grpc.Net.Client;

/// <summary>Calls to one address over HTTP/2. Costly to make, safe to share.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly bool _ownsHttp;
    private readonly CancellationTokenSource _closing = new();

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        if (options is { HttpClient: not null, HttpHandler: not null })
            throw new ArgumentException($"{nameof(GrpcChannelOptions.HttpClient)} and {nameof(GrpcChannelOptions.HttpHandler)} have been configured. Only one HTTP caller can be specified.");

        Address = address;
        Options = options;
        IsSecure = address.Scheme == Uri.UriSchemeHttps;
        Credentials = CredentialsReader.ReadChannel(options.Credentials, IsSecure);
        Encodings = new Encodings(options.CompressionProviders);
        Retries = new RetryPolicies(options.ServiceConfig, options.MaxRetryAttempts);
        Logger = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("Grpc.Net.Client.Internal.GrpcCall");
        HttpVersion = options.HttpVersion ?? System.Net.HttpVersion.Version20;
        HttpVersionPolicy = options.HttpVersionPolicy ?? System.Net.Http.HttpVersionPolicy.RequestVersionExact;
        (_http, _ownsHttp) = options switch
        {
            { HttpClient: { } client } => (client, options.DisposeHttpClient),
            { HttpHandler: { } handler } => (new HttpMessageInvoker(handler, options.DisposeHttpClient), true),
            _ => (new HttpMessageInvoker(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, AllowAutoRedirect = false }, disposeHandler: true), true),
        };
    }

    internal Uri Address { get; }

    internal GrpcChannelOptions Options { get; }

    internal bool IsSecure { get; }

    internal IReadOnlyList<CallCredentials> Credentials { get; }

    internal Encodings Encodings { get; }

    internal RetryPolicies Retries { get; }

    internal ILogger Logger { get; }

    internal Version HttpVersion { get; }

    internal HttpVersionPolicy HttpVersionPolicy { get; }

    internal bool IsClosed => _closing.IsCancellationRequested;

    /// <summary>Signals that the channel is disposed, which ends its calls.</summary>
    internal CancellationToken Closing => _closing.Token;

    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        return ForAddress(new Uri(address), channelOptions);
    }

    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        if (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            throw new ArgumentException($"Address '{address}' must have the scheme http or https.", nameof(address));
        return new GrpcChannel(address, channelOptions);
    }

    public override CallInvoker CreateCallInvoker()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        return new HttpCallInvoker(this);
    }

    /// <summary>Ends the calls that still run.</summary>
    public void Dispose()
    {
        if (IsClosed) return;
        _closing.Cancel();
        if (_ownsHttp) _http.Dispose();
    }

    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _http is HttpClient client
            // A client would otherwise collect the whole response first.
            ? client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            : _http.SendAsync(request, cancellationToken);

    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }
}
