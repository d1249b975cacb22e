using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Qmtl.Gateway.Health;

/// <summary>Refuses the Gateway's rpcs over gRPC while nothing works. Health and status go on.</summary>
internal sealed class StaticLevelInterceptor(Degradation degradation) : Interceptor
{
    /// <summary>Answered at every level.</summary>
    public static IReadOnlyList<string> Exempt { get; } = ["GetHealth", "GetStatus"];

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Check(context);
        return continuation(request, responseStream, context);
    }

    private void Check(ServerCallContext context)
    {
        if (!Exempt.Contains(context.Method[(context.Method.LastIndexOf('/') + 1)..], StringComparer.Ordinal)) degradation.RequireAnything();
    }
}
