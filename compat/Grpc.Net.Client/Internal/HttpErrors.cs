using System.Net;
using System.Net.Sockets;
using Grpc.Core;

namespace Grpc.Net.Client.Internal;

/// <summary>Maps failures below gRPC to status codes, as the specification's tables have it.</summary>
internal static class HttpErrors
{
    private const int Http2RefusedStream = 0x7;
    private const int Http2Cancel = 0x8;
    private const int Http2EnhanceYourCalm = 0xb;
    private const int Http2InadequateSecurity = 0xc;

    public static StatusCode FromHttpStatus(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest or HttpStatusCode.RequestHeaderFieldsTooLarge => StatusCode.Internal,
        HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
        HttpStatusCode.NotFound => StatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };

    public static Status FromException(string summary, Exception failure)
    {
        var chain = Chain(failure).ToArray();
        if (chain.OfType<RpcException>().FirstOrDefault() is { } rpc) return rpc.Status;
        var code = chain.OfType<HttpProtocolException>().FirstOrDefault() is { } protocol ? FromHttp2Error(protocol.ErrorCode)
            : failure is OperationCanceledException ? StatusCode.Cancelled
            : chain.Any(exception => exception is SocketException or IOException) ? StatusCode.Unavailable
            : StatusCode.Internal;
        return new Status(code, $"{summary} {string.Join(' ', chain.Select(exception => $"{exception.GetType().Name}: {exception.Message}"))}", failure);
    }

    private static StatusCode FromHttp2Error(long errorCode) => errorCode switch
    {
        Http2RefusedStream => StatusCode.Unavailable,
        Http2Cancel => StatusCode.Cancelled,
        Http2EnhanceYourCalm => StatusCode.ResourceExhausted,
        Http2InadequateSecurity => StatusCode.PermissionDenied,
        _ => StatusCode.Internal,
    };

    private static IEnumerable<Exception> Chain(Exception failure)
    {
        for (var current = failure; current is not null; current = current.InnerException!) yield return current;
    }
}
