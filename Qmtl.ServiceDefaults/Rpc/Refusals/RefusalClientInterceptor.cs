using Grpc.Core;
using Grpc.Core.Interceptors;
using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>Lets callers see a refusal of the other side as the <see cref="RefusalException"/> it threw.</summary>
/// <param name="peer">Whom to name when the other side does not answer, for example "WorldService".</param>
public sealed class RefusalClientInterceptor(string peer) : Interceptor
{
    /// <inheritdoc/>
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, BlockingUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        try
        {
            return base.BlockingUnaryCall(request, context, continuation);
        }
        catch (RpcException failure)
        {
            throw RefusalStatus.FromRpcException(failure, peer);
        }
    }

    /// <inheritdoc/>
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        var call = continuation(request, context);
        return new AsyncUnaryCall<TResponse>(Convert(call.ResponseAsync), Headers(call.ResponseHeadersAsync), call.GetStatus, call.GetTrailers, call.Dispose);
    }

    /// <inheritdoc/>
    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
    {
        ArgumentNullException.ThrowIfNull(continuation);
        var call = continuation(request, context);
        return new AsyncServerStreamingCall<TResponse>(new Reader<TResponse>(this, call.ResponseStream), Headers(call.ResponseHeadersAsync), call.GetStatus, call.GetTrailers, call.Dispose);
    }

    private Task<Metadata> Headers(Task<Metadata> headers)
    {
        var converted = Convert(headers);
        // Few callers await the headers, and a failure they share with the response must not surface as unobserved.
        _ = converted.ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return converted;
    }

    private async Task<T> Convert<T>(Task<T> task)
    {
        try
        {
            return await task.ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            throw RefusalStatus.FromRpcException(failure, peer);
        }
    }

    private sealed class Reader<T>(RefusalClientInterceptor owner, IAsyncStreamReader<T> inner) : IAsyncStreamReader<T>
    {
        public T Current => inner.Current;

        public Task<bool> MoveNext(CancellationToken cancellationToken) => owner.Convert(inner.MoveNext(cancellationToken));
    }
}
