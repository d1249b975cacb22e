using Grpc.Core;
using Grpc.Net.Wire;

namespace Grpc.Net.Client.Internal;

/// <summary>A call with one response.</summary>
internal sealed class UnaryResponseCall<TRequest, TResponse>(GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    : GrpcCall<TRequest, TResponse>(channel, method, host, options)
    where TRequest : class
    where TResponse : class
{
    private readonly TaskCompletionSource<TResponse> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TResponse? _message;

    public Task<TResponse> ResponseAsync => _result.Task;

    protected override async Task ReceiveAsync(HttpResponseMessage response, FrameReader messages)
    {
        _message = await messages.ReadSingleAsync(Deserializer, Token).ConfigureAwait(false);
        var status = ResponseReading.FinalStatus(response);
        messages.Complete();
        End(response, _message is null ? WithoutMessage(status) : status);
    }

    protected override Status WithoutMessage(Status status) =>
        status.StatusCode == StatusCode.OK ? new Status(StatusCode.Internal, "Failed to deserialize response message.") : status;

    protected override void OnEnded(Status status)
    {
        if (status.StatusCode == StatusCode.OK)
        {
            _result.TrySetResult(_message!);
            return;
        }

        _result.TrySetException(Failure(status));
        // A caller that disposed the call does not await it.
        _ = _result.Task.Exception;
    }
}

/// <summary>A call with a stream of responses, read as fast as the caller asks and no faster.</summary>
internal sealed class StreamingResponseCall<TRequest, TResponse>(GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    : GrpcCall<TRequest, TResponse>(channel, method, host, options), IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private readonly TaskCompletionSource<(HttpResponseMessage Response, FrameReader Messages)?> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TResponse? _current;
    private int _reading;

    public IAsyncStreamReader<TResponse> ResponseStream => this;

    public TResponse Current => _current ?? throw new InvalidOperationException("No message is available: MoveNext was not called or returned false.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) == 1) throw new InvalidOperationException("Can't read the next message because the previous read is still in progress.");
        try
        {
            // A read that was given up may have taken half a message: cancelling it cancels the call.
            await using var registration = cancellationToken.Register(Cancel).ConfigureAwait(false);
            _current = null;
            var status = await ReadAsync().ConfigureAwait(false);
            if (status is null) return true;
            return status.Value.StatusCode == StatusCode.OK ? false : throw Failure(status.Value);
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }

    protected override Task ReceiveAsync(HttpResponseMessage response, FrameReader messages)
    {
        _source.TrySetResult((response, messages));
        return Task.CompletedTask;
    }

    protected override void OnEnded(Status status) => _source.TrySetResult(null);

    /// <summary>Reads a message, or the status that came instead.</summary>
    private async Task<Status?> ReadAsync()
    {
        try
        {
            if (await _source.Task.ConfigureAwait(false) is not { } source || IsEnded) return GetStatus();
            _current = await source.Messages.ReadAsync(Deserializer, Token).ConfigureAwait(false);
            if (_current is not null) return null;
            source.Messages.Complete();
            return End(source.Response);
        }
        catch (Exception failure)
        {
            return End(failure);
        }
    }
}
