using Grpc.Core;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The request stream of a call.</summary>
internal sealed class RequestStreamReader<TRequest>(HttpServerCallContext call, Marshaller<TRequest> marshaller) : IAsyncStreamReader<TRequest>
    where TRequest : class
{
    private TRequest? _current;
    private bool _ended;

    public TRequest Current => _current ?? throw new InvalidOperationException("No message is available: MoveNext was not called or returned false.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_ended) return false;
        using var linked = cancellationToken.CanBeCanceled && cancellationToken != call.CancellationToken
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, call.CancellationToken)
            : null;
        _current = await call.ReadStreamAsync(marshaller, linked?.Token ?? call.CancellationToken).ConfigureAwait(false);
        _ended = _current is null;
        return !_ended;
    }
}

/// <summary>The response stream of a call.</summary>
internal sealed class ResponseStreamWriter<TResponse>(HttpServerCallContext call, Marshaller<TResponse> marshaller) : IServerStreamWriter<TResponse>
    where TResponse : class
{
    private int _writing;

    public WriteOptions? WriteOptions
    {
        get => call.WriteOptions;
        set => call.WriteOptions = value;
    }

    public Task WriteAsync(TResponse message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TResponse message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        cancellationToken.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _writing, 1) == 1) throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        try
        {
            using var linked = cancellationToken.CanBeCanceled && cancellationToken != call.CancellationToken
                ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, call.CancellationToken)
                : null;
            var token = linked?.Token ?? call.CancellationToken;
            token.ThrowIfCancellationRequested();
            await call.WriteStreamAsync(message, marshaller, WriteOptions, token).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }
}
