using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Qmtl.ServiceDefaults.Authentication;

/// <summary>Who asks, in the hands of a handler.</summary>
public static class CallerContext
{
    /// <summary>Who makes a request, as this process has verified it.</summary>
    public static CallerIdentity Caller(this HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        return http.Features.Get<CallerFeature>()?.Caller ?? CallerIdentity.Anonymous;
    }

    /// <summary>Who makes a call, as this process has verified it.</summary>
    public static CallerIdentity Caller(this ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetHttpContext().Caller();
    }

    internal static void SetCaller(this HttpContext http, CallerIdentity caller) => http.Features.Set(new CallerFeature(caller));

    private sealed record CallerFeature(CallerIdentity Caller);
}
