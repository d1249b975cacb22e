using System.Globalization;
using Grpc.Core;
using Grpc.Net.Compression;
using Grpc.Net.Wire;

namespace Grpc.Net.Client.Internal;

/// <summary>Makes the HTTP request of a call attempt.</summary>
internal sealed class RequestFactory(GrpcChannel channel, IMethod method, string? host, CallOptions options)
{
    private readonly string? _encoding = options.Headers?.GetValue(Headers.CompressionRequest);

    /// <summary>The encoding the call asked for.</summary>
    public ICompressionProvider? Compression { get; } = FindCompression(channel, options);

    public async Task<HttpRequestMessage> CreateAsync(int attempt, RequestContent content, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(channel.Address, method.FullName))
        {
            Version = channel.HttpVersion,
            VersionPolicy = channel.HttpVersionPolicy,
            Content = content,
        };
        if (host is not null) request.Headers.Host = host;
        Add(request, "user-agent", "grpc-dotnet-compat/0.1");
        Add(request, "te", "trailers");
        Add(request, Headers.AcceptEncoding, channel.Encodings.AcceptHeader);
        if (_encoding is not null) Add(request, Headers.Encoding, _encoding);
        if (attempt > 1) Add(request, Headers.PreviousAttempts, (attempt - 1).ToString(CultureInfo.InvariantCulture));
        if (options.Deadline is { } deadline && deadline != DateTime.MaxValue) Add(request, Headers.Timeout, Headers.FormatTimeout(deadline - TimeProvider.System.GetUtcNow().UtcDateTime));
        AddMetadata(request, options.Headers);
        await AddCredentialsAsync(request, cancellationToken).ConfigureAwait(false);
        return request;
    }

    private static void Add(HttpRequestMessage request, string name, string value) => request.Headers.TryAddWithoutValidation(name, value);

    private static void AddMetadata(HttpRequestMessage request, Metadata? metadata)
    {
        foreach (var entry in metadata ?? [])
        {
            // The deadline decides the timeout, and the compression request is meant for us.
            if (entry.Key is not (Headers.Timeout or Headers.CompressionRequest)) Add(request, entry.Key, Headers.Value(entry));
        }
    }

    private static ICompressionProvider? FindCompression(GrpcChannel channel, CallOptions options)
    {
        if (options.Headers?.GetValue(Headers.CompressionRequest) is not { } name || name == Encodings.Identity) return null;
        return channel.Encodings.Find(name) ?? throw new InvalidOperationException($"Could not find compression provider for '{name}'.");
    }

    private async Task AddCredentialsAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // Tokens are not sent in the clear, unless someone insists.
        if (!channel.IsSecure && !channel.Options.UnsafeUseInsecureChannelCallCredentials) return;
        CallCredentials[] credentials = options.Credentials is null ? [.. channel.Credentials] : [options.Credentials, .. channel.Credentials];
        if (credentials.Length == 0) return;
        var context = new AuthInterceptorContext($"{channel.Address.GetLeftPart(UriPartial.Authority)}/{method.ServiceName}", method.Name, cancellationToken);
        foreach (var interceptor in credentials.SelectMany(CredentialsReader.ReadCall))
        {
            var added = new Metadata();
            await interceptor(context, added).ConfigureAwait(false);
            AddMetadata(request, added);
        }
    }
}
