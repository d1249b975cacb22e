using System.Buffers;
using System.Globalization;
using Google.Api;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Qmtl.Protos;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>Makes an HTTP response of an rpc's response.</summary>
internal sealed class RpcResponseWriter(RpcRoute route)
{
    public async Task WriteAsync(HttpContext http, RpcReply reply)
    {
        var response = http.Response;
        response.Headers[CorrelationIds.Header] = http.CorrelationId();
        response.Headers.XContentTypeOptions = "nosniff";
        var etag = ApplyMetadata(response, reply);
        if (etag is not null && IsUnchanged(http.Request, etag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        if (response.StatusCode is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified) return;
        var (type, body) = Body(reply);
        response.ContentType = type;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await response.BodyWriter.WriteAsync(body, http.RequestAborted).ConfigureAwait(false);
    }

    private (string ContentType, ReadOnlyMemory<byte> Body) Body(RpcReply reply)
    {
        if (reply.Message is HttpBody raw) return (raw.ContentType, raw.Data.Memory);
        var buffer = new ArrayBufferWriter<byte>();
        if (route.ResponseBody is { } field) ProtoJson.WriteField(reply.Message, field, buffer);
        else ProtoJson.Write(reply.Message, buffer);
        return ("application/json", buffer.WrittenMemory);
    }

    /// <summary>Sets status and headers; answers the etag, quoted.</summary>
    private static string? ApplyMetadata(HttpResponse response, RpcReply reply)
    {
        response.StatusCode = reply.Message is Empty ? StatusCodes.Status204NoContent : StatusCodes.Status200OK;
        string? etag = null;
        foreach (var entry in reply.Metadata.Where(entry => !entry.IsBinary && entry.Key.StartsWith(HttpMetadata.Prefix, StringComparison.Ordinal)))
        {
            if (string.Equals(entry.Key, HttpMetadata.Status, StringComparison.Ordinal)) response.StatusCode = int.Parse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture);
            else if (string.Equals(entry.Key, HttpMetadata.ETag, StringComparison.Ordinal)) response.Headers.ETag = etag = $"\"{entry.Value.Replace("\"", "", StringComparison.Ordinal)}\"";
            else response.Headers[entry.Key[HttpMetadata.Prefix.Length..]] = entry.Value;
        }

        return etag;
    }

    private static bool IsUnchanged(HttpRequest request, string etag)
    {
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method)) return false;
        if (!EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var known)) return false;
        var current = new EntityTagHeaderValue(etag);
        return known.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(current, useStrongComparison: false));
    }
}
