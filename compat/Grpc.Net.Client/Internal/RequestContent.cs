using System.Net;
using System.Net.Http.Headers;

namespace Grpc.Net.Client.Internal;

/// <summary>A request body that is written while the call runs.</summary>
internal sealed class RequestContent : HttpContent
{
    private readonly Func<Stream, CancellationToken, Task> _write;

    public RequestContent(Func<Stream, CancellationToken, Task> write)
    {
        _write = write;
        Headers.ContentType = new MediaTypeHeaderValue(Wire.Headers.ContentType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _write(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => _write(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = -1;
        return false;
    }
}
