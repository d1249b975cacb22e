using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Qmtl.ServiceDefaults.Authentication;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>Calls one rpc of a service in another process.</summary>
internal sealed class RemoteRpcTarget : IRpcTarget
{
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);

    private readonly Method<IMessage, IMessage> _method;
    private readonly Func<HttpContext, CallInvoker> _invoker;
    private readonly RpcJsonOptions _options;
    private readonly TimeProvider _time;

    public RemoteRpcTarget(MethodDescriptor method, Func<HttpContext, CallInvoker> invoker, RpcJsonOptions options, TimeProvider time)
    {
        if (method.IsClientStreaming) throw new NotSupportedException($"{method.FullName} takes a stream of requests, which HTTP/JSON has no form for.");
        _method = new Method<IMessage, IMessage>(
            method.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary,
            method.Service.FullName,
            method.Name,
            Marshallers.Create<IMessage>(Serialize, context => method.InputType.Parser.ParseFrom(context.PayloadAsReadOnlySequence())),
            Marshallers.Create<IMessage>(Serialize, context => method.OutputType.Parser.ParseFrom(context.PayloadAsReadOnlySequence())));
        (_invoker, _options, _time) = (invoker, options, time);
    }

    public async Task<RpcReply> CallAsync(HttpContext http, IMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var call = _invoker(http).AsyncUnaryCall(_method, host: null, Options(http, _time.GetUtcNow() + _options.Deadline, cancellationToken), request);
            var response = await call.ResponseAsync.ConfigureAwait(false);
            return new RpcReply(response, Merge(await call.ResponseHeadersAsync.ConfigureAwait(false), call.GetTrailers()));
        }
        catch (RpcException failure)
        {
            throw RefusalStatus.FromRpcException(failure, _options.Peer);
        }
    }

    public async Task StreamAsync(HttpContext http, IMessage request, IRpcStream responses, CancellationToken cancellationToken)
    {
        try
        {
            using var call = _invoker(http).AsyncServerStreamingCall(_method, host: null, Options(http, deadline: null, cancellationToken), request);
            var headers = await call.ResponseHeadersAsync.ConfigureAwait(false);
            var next = call.ResponseStream.MoveNext(cancellationToken);
            // A refusal arrives as headers too, together with its end: it is known at once, and must not be taken for a quiet stream.
            await Task.WhenAny(next, Task.Delay(Settle, _time, cancellationToken)).ConfigureAwait(false);
            if (!next.IsCompleted) await responses.StartAsync(headers).ConfigureAwait(false);
            while (await next.ConfigureAwait(false))
            {
                await responses.WriteAsync(call.ResponseStream.Current, cancellationToken).ConfigureAwait(false);
                next = call.ResponseStream.MoveNext(cancellationToken);
            }
        }
        catch (RpcException failure)
        {
            throw RefusalStatus.FromRpcException(failure, _options.Peer);
        }
    }

    private static CallOptions Options(HttpContext http, DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        var headers = new Metadata { { "x-correlation-id", http.CorrelationId() } };
        foreach (var name in HttpMetadata.Forwarded)
        {
            if (http.Request.Headers.TryGetValue(name, out var values)) headers.Add(name, values.ToString());
        }

        IdentityHeaders.Add(headers, http.Caller());
        return new CallOptions(headers, deadline?.UtcDateTime, cancellationToken);
    }

    private static Metadata Merge(Metadata headers, Metadata trailers)
    {
        var merged = new Metadata();
        foreach (var entry in headers.Concat(trailers)) merged.Add(entry);
        return merged;
    }

    private static void Serialize(IMessage message, SerializationContext context)
    {
        context.SetPayloadLength(message.CalculateSize());
        message.WriteTo(context.GetBufferWriter());
        context.Complete();
    }
}
