using Grpc.Core;
using Grpc.Net.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Checks a request, runs the call and sends its status, whatever happens.</summary>
internal sealed class CallHandler(IMethod method, MethodSettings settings, ILogger logger, Func<HttpServerCallContext, Task> run)
{
    public async Task HandleAsync(HttpContext http)
    {
        if (!Headers.IsGrpcContentType(http.Request.ContentType))
        {
            var problem = http.Request.ContentType is null ? "Content-Type is missing from the request." : $"Content-Type '{http.Request.ContentType}' is not supported.";
            Refuse(http.Response, StatusCodes.Status415UnsupportedMediaType, problem);
            return;
        }

        if (HttpProtocol.IsHttp11(http.Request.Protocol) || HttpProtocol.IsHttp10(http.Request.Protocol))
        {
            http.Response.Headers.Upgrade = HttpProtocol.Http2;
            Refuse(http.Response, StatusCodes.Status426UpgradeRequired, $"Request protocol '{http.Request.Protocol}' is not supported.");
            return;
        }

        LiftRequestLimits(http);
        http.Response.ContentType = Headers.ContentType;
        await using var call = new HttpServerCallContext(http, settings, logger);
        try
        {
            call.Start();
            await run(call).ConfigureAwait(false);
            await call.EndAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            await call.FailAsync(failure, method.Name).ConfigureAwait(false);
        }
    }

    private static void Refuse(HttpResponse response, int httpStatus, string problem)
    {
        response.StatusCode = httpStatus;
        ResponseStatus.Write(response.Headers, new Status(StatusCode.Internal, problem));
    }

    /// <summary>A stream may be slow, long and large: what HTTP limits per request, gRPC limits per message.</summary>
    private void LiftRequestLimits(HttpContext http)
    {
        if (method.Type is not MethodType.Unary && http.GetEndpoint()?.Metadata is { } metadata
            && metadata.GetMetadata<RequestTimeoutAttribute>() is null && metadata.GetMetadata<RequestTimeoutPolicy>() is null)
        {
            http.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        }

        if (method.Type is not (MethodType.ClientStreaming or MethodType.DuplexStreaming)) return;
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
    }
}
