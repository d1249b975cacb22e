using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;

namespace Qmtl.ServiceDefaults.Rpc
{
    /// <summary>Gives every request a correlation id, and every failure without a body a problem document.</summary>
    internal sealed class ProblemDetailsMiddleware(RequestDelegate next, RefusalReporter reporter, ILogger<ProblemDetailsMiddleware> logger)
    {
        public async Task InvokeAsync(HttpContext http)
        {
            var correlationId = http.CorrelationId();
            using var scope = logger.BeginScope(CorrelationIds.Scope(correlationId));
            if (!http.Response.HasStarted) http.Response.Headers[CorrelationIds.Header] = correlationId;
            try
            {
                await next(http).ConfigureAwait(false);
            }
            catch (Exception failure) when (!http.Response.HasStarted)
            {
                var cancelled = http.RequestAborted.IsCancellationRequested;
                var refusal = reporter.Report(failure, $"{http.Request.Method} {http.Request.Path}", correlationId, cancelled);
                if (cancelled) return;
                http.Response.Clear();
                await ProblemDocument.WriteAsync(http, refusal).ConfigureAwait(false);
                return;
            }

            if (IsBareFailure(http)) await ProblemDocument.WriteAsync(http, Explain(http)).ConfigureAwait(false);
        }

        /// <summary>gRPC has its own way to fail.</summary>
        private static bool IsBareFailure(HttpContext http) =>
            http.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null }
            && http.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) is not true;

        private static RefusalException Explain(HttpContext http)
        {
            var (request, status) = (http.Request, http.Response.StatusCode);
            return status switch
            {
                StatusCodes.Status401Unauthorized => new RefusalException(ReasonCodes.Auth, "Send a valid bearer token in the Authorization header."),
                StatusCodes.Status403Forbidden => new RefusalException(ReasonCodes.PermissionDenied, "The caller's role does not allow this."),
                StatusCodes.Status404NotFound => new RefusalException(ReasonCodes.NotFound, $"There is nothing at {request.Path}."),
                StatusCodes.Status405MethodNotAllowed => new RefusalException(
                    ReasonCodes.MethodNotAllowed, $"{request.Path} does not take {request.Method}; it takes {http.Response.Headers.Allow}."),
                StatusCodes.Status413PayloadTooLarge => new RefusalException(ReasonCodes.TooLarge, "The request body is larger than allowed."),
                StatusCodes.Status415UnsupportedMediaType => new RefusalException(ReasonCodes.InvalidContentType, $"The content type \"{request.ContentType}\" is not accepted here."),
                StatusCodes.Status429TooManyRequests => new RefusalException(ReasonCodes.RateLimit, "Wait and try again."),
                StatusCodes.Status503ServiceUnavailable => new RefusalException(ReasonCodes.Unavailable, "The service does not take requests now."),
                >= 500 => new RefusalException(ReasonCodes.Internal, $"Something went wrong inside the service; its log knows it as {http.CorrelationId()}."),
                _ => new RefusalException(new ReasonCode(ReasonCodes.InvalidArgument.Code, status, "The request is not accepted"), "The request is not accepted."),
            };
        }
    }
}

namespace Microsoft.AspNetCore.Builder
{
    /// <summary>Failures as problem documents.</summary>
    public static class ProblemDetailsExtensions
    {
        /// <summary>Puts correlation ids and problem documents around everything after it. First in the pipeline; needs <c>AddQmtlRpc</c>.</summary>
        public static IApplicationBuilder UseQmtlProblemDetails(this IApplicationBuilder app)
        {
            ArgumentNullException.ThrowIfNull(app);
            return app.UseMiddleware<ProblemDetailsMiddleware>();
        }
    }
}
