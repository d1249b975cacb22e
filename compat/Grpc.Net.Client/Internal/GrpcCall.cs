using System.Diagnostics;
using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Net.Wire;
using Microsoft.Extensions.Logging;

namespace Grpc.Net.Client.Internal;

/// <summary>One call: sends the request (again, where a retry policy says so), hands the response to the derived class, and
/// settles once, on whatever comes first: the server's status, a failure, cancellation or the deadline.</summary>
internal abstract partial class GrpcCall<TRequest, TResponse> : IRequestStreamOwner<TRequest>, IDisposable
    where TRequest : class
    where TResponse : class
{
    private static readonly ActivitySource Source = new("Grpc.Net.Client");

    // A server may end a call while requests are still being written: its status explains the failed write.
    private static readonly TimeSpan StatusPatience = TimeSpan.FromSeconds(2);

    // What timers accept; a later deadline is left to the server.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly GrpcChannel _channel;
    private readonly Method<TRequest, TResponse> _method;
    private readonly CallOptions _options;
    private readonly RequestFactory _requests;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource<Status> _status = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<IDisposable> _resources = [];
    private FrameSerializer? _serializer;
    private RequestStreamWriter<TRequest>? _writer;
    private HttpResponseMessage? _response;
    private Metadata? _trailers;

    protected GrpcCall(GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        ObjectDisposedException.ThrowIf(channel.IsClosed, channel);
        if (options.Deadline is { Kind: not DateTimeKind.Utc } deadline && deadline != DateTime.MaxValue && deadline != DateTime.MinValue)
            throw new InvalidOperationException("Deadline must have a kind DateTimeKind.Utc or be equal to DateTime.MaxValue or DateTime.MinValue.");
        (_channel, _method, _options) = (channel, method, options);
        _requests = new RequestFactory(channel, method, host, options);
    }

    public Task<Metadata> ResponseHeadersAsync => _headers.Task;

    protected bool IsEnded => _status.Task.IsCompleted;

    protected CancellationToken Token => _cancellation.Token;

    protected Func<DeserializationContext, TResponse> Deserializer => _method.ResponseMarshaller.ContextualDeserializer;

    /// <summary>A call with one request.</summary>
    public void Start(TRequest request) => Run((stream, _) => WriteMessageAsync(stream, request, _options.WriteOptions), _channel.Retries.For(_method));

    /// <summary>A call with a stream of requests. What was streamed cannot be sent again, so it is never retried.</summary>
    public IClientStreamWriter<TRequest> StartStreaming()
    {
        _writer = new RequestStreamWriter<TRequest>(this) { WriteOptions = _options.WriteOptions };
        Run(_writer.RunAsync, retry: null);
        return _writer;
    }

    public Status GetStatus() =>
        _status.Task.IsCompleted ? _status.Task.Result : throw new InvalidOperationException("Unable to get the status because the call is not complete.");

    public Metadata GetTrailers() =>
        _status.Task.IsCompleted ? _trailers ?? [] : throw new InvalidOperationException("Can't get the call trailers because the call has not completed successfully.");

    public void Dispose() => Cancel(new Status(StatusCode.Cancelled, "gRPC call disposed."));

    public void Cancel() => Cancel(new Status(StatusCode.Cancelled, "Call canceled by the client."));

    public void ThrowIfEnded()
    {
        if (_status.Task.IsCompleted) throw Failure(_status.Task.Result);
    }

    public async Task WriteMessageAsync(Stream stream, TRequest message, WriteOptions? options)
    {
        var flags = options?.Flags ?? default;
        using var buffer = new PooledBuffer();
        _serializer ??= new FrameSerializer(_channel.Options.MaxSendMessageSize);
        _serializer.Write(message, _method.RequestMarshaller.ContextualSerializer, buffer, flags.HasFlag(WriteFlags.NoCompress) ? null : _requests.Compression, level: null);
        await stream.WriteAsync(buffer.WrittenMemory, Token).ConfigureAwait(false);
        if (!flags.HasFlag(WriteFlags.BufferHint)) await stream.FlushAsync(Token).ConfigureAwait(false);
    }

    public async Task<Exception> ExplainWriteFailureAsync(Exception failure)
    {
        try
        {
            return Failure(await _status.Task.WaitAsync(StatusPatience).ConfigureAwait(false));
        }
        catch (TimeoutException)
        {
            return Failure(HttpErrors.FromException("Error writing to the request stream.", failure));
        }
    }

    /// <summary>Takes a response that carries messages.</summary>
    protected abstract Task ReceiveAsync(HttpResponseMessage response, FrameReader messages);

    /// <summary>What a status means when no message came with it.</summary>
    protected virtual Status WithoutMessage(Status status) => status;

    /// <summary>Is told how the call ended, once.</summary>
    protected abstract void OnEnded(Status status);

    /// <summary>A failed status as the exception the caller gets.</summary>
    protected Exception Failure(Status status) =>
        _channel.Options.ThrowOperationCanceledOnCancellation && status.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded && Token.IsCancellationRequested
            ? new OperationCanceledException(status.Detail, status.DebugException, _options.CancellationToken)
            : new RpcException(status, _trailers ?? []);

    protected Status End(HttpResponseMessage response, Status? status = null) =>
        End(status ?? ResponseReading.FinalStatus(response), ResponseReading.ReadMetadata(response.TrailingHeaders));

    /// <summary>Settles after a failure; a cancellation that came first wins.</summary>
    protected Status End(Exception failure)
    {
        var status = HttpErrors.FromException("Error starting gRPC call.", failure);
        // The server may notice the deadline a moment earlier than our timer.
        if (status.StatusCode == StatusCode.Cancelled && _options.Deadline <= TimeProvider.System.GetUtcNow().UtcDateTime)
            status = new Status(StatusCode.DeadlineExceeded, status.Detail, status.DebugException);
        return End(status, trailers: null);
    }

    protected void Cancel(Status reason)
    {
        lock (_gate)
        {
            if (_status.Task.IsCompleted) return;
        }

        // Settled first, so that what the cancellation interrupts finds its reason.
        End(reason, trailers: null);
    }

    private void Run(Func<Stream, CancellationToken, Task> write, Retry? retry)
    {
        LogStarting(_channel.Logger, _method.Type, _method.FullName);
        if (_options.Deadline is { } deadline && deadline != DateTime.MaxValue && !StartDeadline(deadline)) return;
        Hold(_options.CancellationToken.UnsafeRegister(static call => ((GrpcCall<TRequest, TResponse>)call!).Cancel(), this));
        Hold(_channel.Closing.UnsafeRegister(static call => ((GrpcCall<TRequest, TResponse>)call!).Dispose(), this));
        if (!_status.Task.IsCompleted) _ = RunAsync(write, retry);
    }

    private bool StartDeadline(DateTime deadline)
    {
        var remaining = deadline - TimeProvider.System.GetUtcNow().UtcDateTime;
        if (remaining <= TimeSpan.Zero)
        {
            End(new Status(StatusCode.DeadlineExceeded, ""), trailers: null);
            return false;
        }

        // Rounded up: a timer's tick may come a little before the clock says so.
        var due = TimeSpan.FromMilliseconds(Math.Ceiling(remaining.TotalMilliseconds));
        if (remaining < LongestTimer)
            Hold(new Timer(static call => ((GrpcCall<TRequest, TResponse>)call!).Cancel(new Status(StatusCode.DeadlineExceeded, "")), this, due, Timeout.InfiniteTimeSpan));
        return true;
    }

    private async Task RunAsync(Func<Stream, CancellationToken, Task> write, Retry? retry)
    {
        using var activity = Source.StartActivity("Grpc.Net.Client.GrpcOut", ActivityKind.Client);
        activity?.SetTag("grpc.method", _method.FullName);
        try
        {
            var (response, early) = await SendAsync(write, retry).ConfigureAwait(false);
            _headers.TrySetResult(ResponseReading.ReadMetadata(response.Headers));
            if (early is { } status)
            {
                End(WithoutMessage(status), ResponseReading.ReadMetadata(response.Headers));
            }
            else
            {
                var body = await response.Content.ReadAsStreamAsync(Token).ConfigureAwait(false);
                var pipe = PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: 16 * 1024));
                var reader = new FrameReader(pipe, _channel.Options.MaxReceiveMessageSize, "Response", _channel.Encodings, ResponseReading.First(response.Headers, Headers.Encoding), StatusCode.Internal);
                await ReceiveAsync(response, reader).ConfigureAwait(false);
            }
        }
        catch (Exception failure)
        {
            End(failure);
        }

        var ended = await _status.Task.ConfigureAwait(false);
        activity?.SetTag("grpc.status_code", (int)ended.StatusCode);
    }

    /// <summary>Sends until there is an answer to keep.</summary>
    private async Task<(HttpResponseMessage Response, Status? Early)> SendAsync(Func<Stream, CancellationToken, Task> write, Retry? retry)
    {
        for (var attempt = 1; ; attempt++)
        {
            TimeSpan backoff;
            try
            {
                var request = await _requests.CreateAsync(attempt, new RequestContent(write), Token).ConfigureAwait(false);
                var response = await _channel.SendAsync(request, Token).ConfigureAwait(false);
                var early = ResponseReading.EarlyStatus(response);
                if (early is not { } status || !ShouldRetry(retry, attempt, status, response, out backoff))
                {
                    Keep(response);
                    return (response, early);
                }

                response.Dispose();
            }
            catch (Exception failure) when (!Token.IsCancellationRequested && ShouldRetry(retry, attempt, HttpErrors.FromException("", failure), response: null, out backoff))
            {
                LogRetrying(_channel.Logger, failure, attempt, _method.FullName);
            }

            await Task.Delay(backoff, Token).ConfigureAwait(false);
        }
    }

    private static bool ShouldRetry(Retry? retry, int attempt, Status status, HttpResponseMessage? response, out TimeSpan backoff)
    {
        backoff = default;
        if (retry is null || attempt >= retry.MaxAttempts || !retry.Codes.Contains(status.StatusCode)) return false;
        if (response is null || ResponseReading.First(response.Headers, Headers.RetryPushback) is not { } pushback)
        {
            backoff = retry.BackoffAfter(attempt, Random.Shared.NextDouble());
            return true;
        }

        // The server says when; anything but a wait means never.
        if (!int.TryParse(pushback, out var milliseconds) || milliseconds < 0) return false;
        backoff = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }

    private Status End(Status status, Metadata? trailers)
    {
        lock (_gate)
        {
            if (_status.Task.IsCompleted) return _status.Task.Result;
            _trailers = trailers;
            _status.SetResult(status);
        }

        LogEnded(_channel.Logger, _method.FullName, status.StatusCode, status.Detail);
        // Only a call ended from here has anything left to stop; its token tells Failure that it was.
        if (trailers is null) _cancellation.Cancel();
        _writer?.Abort();
        if (_headers.TrySetException(Failure(status))) _ = _headers.Task.Exception;
        OnEnded(status);
        foreach (var resource in _resources) resource.Dispose();
        _response?.Dispose();
        return status;
    }

    /// <summary>Held until the call ends.</summary>
    private void Hold(IDisposable resource)
    {
        lock (_gate)
        {
            if (!_status.Task.IsCompleted)
            {
                _resources.Add(resource);
                return;
            }
        }

        resource.Dispose();
    }

    private void Keep(HttpResponseMessage response)
    {
        lock (_gate)
        {
            _response = response;
            if (!_status.Task.IsCompleted) return;
        }

        response.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Debug, EventId = 1, Message = "Starting gRPC call. Method type: '{MethodType}', method: '{Method}'.")]
    private static partial void LogStarting(ILogger logger, MethodType methodType, string method);

    [LoggerMessage(Level = LogLevel.Debug, EventId = 2, Message = "Attempt {Attempt} of {Method} failed and is tried again.")]
    private static partial void LogRetrying(ILogger logger, Exception failure, int attempt, string method);

    [LoggerMessage(Level = LogLevel.Debug, EventId = 3, Message = "Call of {Method} ended with {StatusCode}: {Detail}")]
    private static partial void LogEnded(ILogger logger, string method, StatusCode statusCode, string detail);
}
