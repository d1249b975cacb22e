using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>Calls one rpc of a service in this process.</summary>
internal static class LocalRpcTarget
{
    public static IRpcTarget Create<TService>(MethodDescriptor method)
        where TService : class
    {
        if (method.IsClientStreaming) throw new NotSupportedException($"{method.FullName} takes a stream of requests, which HTTP/JSON has no form for.");
        var type = method.IsServerStreaming ? typeof(Streaming<,,>) : typeof(Unary<,,>);
        return (IRpcTarget)Activator.CreateInstance(type.MakeGenericType(typeof(TService), method.InputType.ClrType, method.OutputType.ClrType), method)!;
    }

    /// <summary>The service's method as a delegate that takes the service object, which differs from request to request.</summary>
    private static TDelegate Open<TService, TDelegate>(MethodDescriptor method, params Type[] parameters)
        where TDelegate : Delegate =>
        (typeof(TService).GetMethod(method.Name, BindingFlags.Public | BindingFlags.Instance, parameters)
            ?? throw new InvalidOperationException($"{typeof(TService)} has no method for {method.FullName}.")).CreateDelegate<TDelegate>();

    /// <summary>Runs the call on a service object from the container or, as gRPC does, on a new one that is then disposed.</summary>
    private static async Task<T> WithServiceAsync<TService, T>(HttpContext http, Func<TService, Task<T>> call)
        where TService : class
    {
        if (http.RequestServices.GetService<TService>() is { } registered) return await call(registered).ConfigureAwait(false);
        var created = ActivatorUtilities.CreateInstance<TService>(http.RequestServices);
        try
        {
            return await call(created).ConfigureAwait(false);
        }
        finally
        {
            if (created is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync().ConfigureAwait(false);
            else (created as IDisposable)?.Dispose();
        }
    }

    private sealed class Unary<TService, TRequest, TResponse>(MethodDescriptor method) : IRpcTarget
        where TService : class
        where TRequest : class, IMessage
        where TResponse : class, IMessage
    {
        private readonly Func<TService, TRequest, ServerCallContext, Task<TResponse>> _invoke =
            Open<TService, Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(method, typeof(TRequest), typeof(ServerCallContext));

        public Task<RpcReply> CallAsync(HttpContext http, IMessage request, CancellationToken cancellationToken)
        {
            var context = new JsonCallContext(http, method, start: null, cancellationToken);
            return WithServiceAsync<TService, RpcReply>(http, async service =>
            {
                var listeners = http.RequestServices.GetServices<IRefusedCalls>();
                var response = await listeners.ToldAsync(request, context, () => _invoke(service, (TRequest)request, context)).ConfigureAwait(false);
                return new RpcReply(response, context.ResponseTrailers);
            });
        }

        public Task StreamAsync(HttpContext http, IMessage request, IRpcStream responses, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class Streaming<TService, TRequest, TResponse>(MethodDescriptor method) : IRpcTarget
        where TService : class
        where TRequest : class, IMessage
        where TResponse : class, IMessage
    {
        private readonly Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task> _invoke =
            Open<TService, Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
                method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));

        public Task<RpcReply> CallAsync(HttpContext http, IMessage request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task StreamAsync(HttpContext http, IMessage request, IRpcStream responses, CancellationToken cancellationToken)
        {
            var context = new JsonCallContext(http, method, responses.StartAsync, cancellationToken);
            return WithServiceAsync<TService, bool>(http, async service =>
            {
                await _invoke(service, (TRequest)request, new Writer(responses, cancellationToken), context).ConfigureAwait(false);
                return true;
            });
        }

        private sealed class Writer(IRpcStream responses, CancellationToken aborted) : IServerStreamWriter<TResponse>
        {
            public WriteOptions? WriteOptions { get; set; }

            public Task WriteAsync(TResponse message) => responses.WriteAsync(message, aborted);

            public Task WriteAsync(TResponse message, CancellationToken cancellationToken) => responses.WriteAsync(message, cancellationToken);
        }
    }
}
