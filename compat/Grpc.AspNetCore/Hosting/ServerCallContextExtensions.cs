using Grpc.AspNetCore.Server.Internal;
using Microsoft.AspNetCore.Http;

namespace Grpc.Core;

/// <summary>Leads from a call to its HTTP request.</summary>
public static class ServerCallContextExtensions
{
    public static HttpContext GetHttpContext(this ServerCallContext serverCallContext)
    {
        ArgumentNullException.ThrowIfNull(serverCallContext);
        if (serverCallContext is HttpServerCallContext call) return call.HttpContext;
        // The package looks here in contexts that are not its own, which lets other hosts of a service offer theirs.
        return serverCallContext.UserState.TryGetValue("__HttpContext", out var known) && known is HttpContext http
            ? http
            : throw new InvalidOperationException("Could not get HttpContext from ServerCallContext. HttpContext can only be accessed when gRPC services are hosted by ASP.NET Core.");
    }
}
