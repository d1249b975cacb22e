using Grpc.Core;

namespace Grpc.Net.Client.Internal;

/// <summary>The request stream of a call. A write ends when the connection's flow control has let the message through.</summary>
internal sealed class RequestStreamWriter<TRequest>(IRequestStreamOwner<TRequest> call) : IClientStreamWriter<TRequest>
    where TRequest : class
{
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _writing;
    private volatile bool _completed;

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_completed) throw new InvalidOperationException("Request stream has already been completed.");
        call.ThrowIfEnded();
        if (Interlocked.Exchange(ref _writing, 1) == 1) throw new InvalidOperationException("Can't write the message because the previous write is in progress.");
        try
        {
            // Part of a message cannot be taken back: cancelling a write cancels the call.
            await using var registration = cancellationToken.Register(call.Cancel).ConfigureAwait(false);
            var stream = await _opened.Task.ConfigureAwait(false);
            await call.WriteMessageAsync(stream, message, WriteOptions).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException or HttpRequestException or ObjectDisposedException)
        {
            throw await call.ExplainWriteFailureAsync(failure).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    public Task CompleteAsync()
    {
        if (Volatile.Read(ref _writing) == 1) throw new InvalidOperationException("Can't complete the client stream writer because the previous write is in progress.");
        _completed = true;
        _closed.TrySetResult();
        return Task.CompletedTask;
    }

    /// <summary>The request body: open until the caller completes it or the call ends.</summary>
    public async Task RunAsync(Stream stream, CancellationToken cancellationToken)
    {
        // Sends the headers now; the server may answer before the first message.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        _opened.TrySetResult(stream);
        await _closed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The call has ended: no write will succeed.</summary>
    public void Abort()
    {
        _opened.TrySetCanceled();
        _closed.TrySetCanceled();
    }
}

/// <summary>What a request stream needs of its call.</summary>
internal interface IRequestStreamOwner<in TRequest>
{
    void ThrowIfEnded();

    void Cancel();

    Task WriteMessageAsync(Stream stream, TRequest message, WriteOptions? options);

    Task<Exception> ExplainWriteFailureAsync(Exception failure);
}
