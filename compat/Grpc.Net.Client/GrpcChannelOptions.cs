using Grpc.Core;
using Grpc.Net.Client.Configuration;
using Grpc.Net.Compression;
using Microsoft.Extensions.Logging;

namespace Grpc.Net.Client;

/// <summary>Settings of a channel.</summary>
public sealed class GrpcChannelOptions
{
    public ChannelCredentials? Credentials { get; set; }

    /// <summary>Largest message sent, in bytes; unlimited when null.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Largest message received, in bytes; 4 MB unless set, unlimited when null.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>Attempts a retry policy may ask for at most; unlimited when null.</summary>
    public int? MaxRetryAttempts { get; set; } = 5;

    public IList<ICompressionProvider>? CompressionProviders { get; set; }

    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The client that sends; not together with <see cref="HttpHandler"/>.</summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>The handler that sends; not together with <see cref="HttpClient"/>.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether the channel, when disposed, disposes the client or handler it was given.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>Whether a cancelled call throws OperationCanceledException instead of RpcException.</summary>
    public bool ThrowOperationCanceledOnCancellation { get; set; }

    /// <summary>Sends call credentials without TLS too. Anyone on the path can read them.</summary>
    public bool UnsafeUseInsecureChannelCallCredentials { get; set; }

    public ServiceConfig? ServiceConfig { get; set; }

    public IServiceProvider? ServiceProvider { get; set; }

    public Version? HttpVersion { get; set; }

    public HttpVersionPolicy? HttpVersionPolicy { get; set; }
}
