using System.Globalization;
using Grpc.Core;
using Grpc.Net.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>Writes a call's status and trailers.</summary>
internal static class ResponseStatus
{
    public static void Write(IHeaderDictionary destination, Status status)
    {
        destination[Headers.Status] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (!string.IsNullOrEmpty(status.Detail)) destination[Headers.Message] = Headers.EncodeMessage(status.Detail);
        else destination.Remove(Headers.Message);
    }

    public static void Write(HttpResponse response, Status status, Metadata? trailers)
    {
        var destination = Destination(response);
        foreach (var entry in trailers ?? [])
        {
            try
            {
                destination.Append(entry.Key, Headers.Value(entry));
            }
            catch (Exception invalid)
            {
                throw new InvalidOperationException($"Error adding response trailer '{entry.Key}'.", invalid);
            }
        }

        Write(destination, status);
    }

    /// <summary>Without any message the trailers are the headers ("Trailers-Only").</summary>
    private static IHeaderDictionary Destination(HttpResponse response)
    {
        if (!response.HasStarted) return response.Headers;
        return response.HttpContext.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is { IsReadOnly: false } trailers
            ? trailers
            : throw new InvalidOperationException("Trailers are not supported for this response. The server may not support gRPC.");
    }
}
