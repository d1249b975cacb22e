using Grpc.Core;
using Grpc.Net.Compression;
using Grpc.Net.Wire;
using Microsoft.AspNetCore.Http;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The messages of a call: read from the request body, written to the response body.</summary>
internal sealed class MessageChannel(HttpContext http, MethodSettings settings)
{
    private readonly Lock _gate = new();
    private readonly FrameSerializer _serializer = new(settings.MaxSend);
    private FrameReader? _reader;
    private ICompressionProvider? _compression;
    private bool _closed;

    public FrameReader Reader => _reader ??= new FrameReader(
        http.Request.BodyReader, settings.MaxReceive, "Request", settings.Encodings, Header(Headers.Encoding), StatusCode.Unimplemented);

    public void ChooseEncodings()
    {
        // Told on every response, so that a client whose encoding is refused knows what to send instead.
        if (Header(Headers.Encoding) is { } encoding and not Encodings.Identity && settings.Encodings.Find(encoding) is null)
            http.Response.Headers[Headers.AcceptEncoding] = settings.Encodings.AcceptHeader;
        if (settings.Compression is { } wanted and not Encodings.Identity && ClientAccepts(wanted)) UseResponseEncoding(wanted);
    }

    public void UseResponseEncoding(string encoding)
    {
        _compression = encoding == Encodings.Identity ? null
            : settings.Encodings.Find(encoding) ?? throw new InvalidOperationException($"Could not find compression provider for '{encoding}'.");
        http.Response.Headers[Headers.Encoding] = encoding;
    }

    /// <summary>Writes a message.</summary>
    /// <exception cref="InvalidOperationException">The call has ended, at its deadline or otherwise.</exception>
    public async Task WriteAsync<T>(T message, Marshaller<T> marshaller, WriteOptions? options, CancellationToken cancellationToken)
        where T : class
    {
        if (!await TryWriteAsync(message, marshaller, options, cancellationToken).ConfigureAwait(false))
            throw new InvalidOperationException("Can't write the message because the request is complete.");
    }

    /// <summary>Writes a message, unless the call has ended.</summary>
    public async Task<bool> TryWriteAsync<T>(T message, Marshaller<T> marshaller, WriteOptions? options, CancellationToken cancellationToken)
        where T : class
    {
        // Headers must be on their way before the body's buffers may be used.
        if (!http.Response.HasStarted) await http.Response.StartAsync(cancellationToken).ConfigureAwait(false);
        var compression = (options?.Flags ?? default).HasFlag(WriteFlags.NoCompress) ? null : _compression;
        lock (_gate)
        {
            // The deadline closes from its own thread; half a message must not be followed by trailers.
            if (_closed) return false;
            _serializer.Write(message, marshaller.ContextualSerializer, http.Response.BodyWriter, compression, settings.CompressionLevel);
            return true;
        }
    }

    public void Close()
    {
        lock (_gate) _closed = true;
    }

    private bool ClientAccepts(string encoding) =>
        Header(Headers.AcceptEncoding)?.Split(',', StringSplitOptions.TrimEntries).Contains(encoding, StringComparer.Ordinal) ?? false;

    private string? Header(string name) => http.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;
}
