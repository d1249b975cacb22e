using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>Lets nobody past who is not known, except to what is open to everyone, and takes off every header by which a client could pretend to be somebody.</summary>
internal sealed class CallerMiddleware(RequestDelegate next, ICallerAuthenticator authenticator, AuthMetrics metrics, RefusalReporter reporter)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var endpoint = http.GetEndpoint();
        // Where there is nothing, there is nothing to protect: 404 says so.
        var open = endpoint is null || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;
        try
        {
            // A service says who it is wherever it goes.
            var asks = !open || http.Request.Headers.ContainsKey(ServiceCredentials.Header);
            var caller = !asks ? CallerIdentity.Anonymous : await authenticator.IdentifyAsync(http).ConfigureAwait(false);
            if (endpoint?.Metadata.GetMetadata<ServicesOnlyAttribute>() is not null && !open) ServicesOnlyAttribute.Check(caller);
            http.SetCaller(caller);
            // What has been verified is not handed on: no handler and no other service needs somebody's token.
            if (caller is { Kind: CallerKind.User, Via: "" }) http.Request.Headers.Authorization = default;
        }
        catch (RefusalException refusal)
        {
            metrics.Refused(refusal);
            await RefuseAsync(http, refusal).ConfigureAwait(false);
            return;
        }
        finally
        {
            IdentityHeaders.Strip(http.Request.Headers);
        }

        await next(http).ConfigureAwait(false);
    }

    private Task RefuseAsync(HttpContext http, RefusalException refusal)
    {
        reporter.Report(refusal, $"{http.Request.Method} {http.Request.Path}", http.CorrelationId(), cancelled: false);
        return GrpcRefusal.IsGrpc(http.Request) ? GrpcRefusal.WriteAsync(http, refusal) : ProblemDocument.WriteAsync(http, refusal);
    }
}
