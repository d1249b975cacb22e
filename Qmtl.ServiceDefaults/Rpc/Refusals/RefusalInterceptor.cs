using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Logging;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>Ends calls of handlers that threw with a typed status, never with a stack trace, and gives every call a correlation id.</summary>
public sealed class RefusalInterceptor(RefusalReporter reporter, IEnumerable<IRefusedCalls> listeners, ILogger<RefusalInterceptor> logger) : Interceptor
{
    /// <inheritdoc/>
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => listeners.ToldAsync(request as IMessage, context, () => continuation(request, context)));

    /// <inheritdoc/>
    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(requestStream, context));

    /// <inheritdoc/>
    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, async () =>
        {
            await continuation(request, responseStream, context).ConfigureAwait(false);
            return true;
        });

    /// <inheritdoc/>
    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, async () =>
        {
            await continuation(requestStream, responseStream, context).ConfigureAwait(false);
            return true;
        });

    private async Task<T> Guard<T>(ServerCallContext context, Func<Task<T>> call)
    {
        ArgumentNullException.ThrowIfNull(context);
        var correlationId = context.CorrelationId();
        using var scope = logger.BeginScope(CorrelationIds.Scope(correlationId));
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            var refusal = reporter.Report(failure, context.Method, correlationId, context.CancellationToken.IsCancellationRequested);
            throw RefusalStatus.ToRpcException(refusal);
        }
    }
}
