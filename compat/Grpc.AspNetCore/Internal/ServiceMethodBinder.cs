using System.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>A method ready to be mapped.</summary>
internal sealed record ServedMethod(IMethod Method, MethodInfo Implementation, RequestDelegate Handler);

/// <summary>Is told a service's methods and makes a request handler of each.</summary>
internal sealed class ServiceMethodBinder<TService>(MethodSettings settings, InstanceActivator<TService> activator, ILogger logger) : ServiceBinderBase
    where TService : class
{
    private readonly InterceptorPipeline _interceptors = new(settings.Interceptors);

    public List<ServedMethod> Methods { get; } = [];

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        var (implementation, invoke) = Open<Func<TService, TRequest, ServerCallContext, Task<TResponse>>>(method, typeof(TRequest), typeof(ServerCallContext));
        Add(method, implementation, async call =>
        {
            var request = await call.ReadRequestAsync(method.RequestMarshaller).ConfigureAwait(false);
            await using var stack = new CallObjects(call.HttpContext.RequestServices);
            UnaryServerMethod<TRequest, TResponse> target = (message, context) => invoke(stack.Service(activator), message, context);
            target = _interceptors.Wrap(stack, target, (interceptor, next) => (message, context) => interceptor.UnaryServerHandler(message, context, next));
            await call.WriteResponseAsync(await target(request, call).ConfigureAwait(false), method.ResponseMarshaller).ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var (implementation, invoke) = Open<Func<TService, IAsyncStreamReader<TRequest>, ServerCallContext, Task<TResponse>>>(method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        Add(method, implementation, async call =>
        {
            var requests = new RequestStreamReader<TRequest>(call, method.RequestMarshaller);
            await using var stack = new CallObjects(call.HttpContext.RequestServices);
            ClientStreamingServerMethod<TRequest, TResponse> target = (stream, context) => invoke(stack.Service(activator), stream, context);
            target = _interceptors.Wrap(stack, target, (interceptor, next) => (stream, context) => interceptor.ClientStreamingServerHandler(stream, context, next));
            await call.WriteResponseAsync(await target(requests, call).ConfigureAwait(false), method.ResponseMarshaller).ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var (implementation, invoke) = Open<Func<TService, TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Add(method, implementation, async call =>
        {
            var request = await call.ReadRequestAsync(method.RequestMarshaller).ConfigureAwait(false);
            var responses = new ResponseStreamWriter<TResponse>(call, method.ResponseMarshaller);
            await using var stack = new CallObjects(call.HttpContext.RequestServices);
            ServerStreamingServerMethod<TRequest, TResponse> target = (message, stream, context) => invoke(stack.Service(activator), message, stream, context);
            target = _interceptors.Wrap(stack, target, (interceptor, next) => (message, stream, context) => interceptor.ServerStreamingServerHandler(message, stream, context, next));
            await target(request, responses, call).ConfigureAwait(false);
        });
    }

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        var (implementation, invoke) = Open<Func<TService, IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Add(method, implementation, async call =>
        {
            var requests = new RequestStreamReader<TRequest>(call, method.RequestMarshaller);
            var responses = new ResponseStreamWriter<TResponse>(call, method.ResponseMarshaller);
            await using var stack = new CallObjects(call.HttpContext.RequestServices);
            DuplexStreamingServerMethod<TRequest, TResponse> target = (input, output, context) => invoke(stack.Service(activator), input, output, context);
            target = _interceptors.Wrap(stack, target, (interceptor, next) => (input, output, context) => interceptor.DuplexStreamingServerHandler(input, output, context, next));
            await target(requests, responses, call).ConfigureAwait(false);
        });
    }

    private void Add(IMethod method, MethodInfo implementation, Func<HttpServerCallContext, Task> run)
    {
        var handler = new CallHandler(method, settings, logger, run);
        Methods.Add(new ServedMethod(method, implementation, handler.HandleAsync));
    }

    /// <summary>The service's method as a delegate that takes the service object, which differs from call to call.</summary>
    private static (MethodInfo Implementation, TDelegate Invoke) Open<TDelegate>(IMethod method, params Type[] parameters)
        where TDelegate : Delegate
    {
        var implementation = typeof(TService).GetMethod(method.Name, BindingFlags.Public | BindingFlags.Instance, parameters)
            ?? throw new InvalidOperationException($"Could not find '{method.Name}' on {typeof(TService)}.");
        return (implementation, implementation.CreateDelegate<TDelegate>());
    }
}
