using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Qmtl.Identity;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>A refusal before any gRPC handler runs: an answer that is its own trailers, as the protocol has it ("Trailers-Only").</summary>
internal static class GrpcRefusal
{
    private const string ContentType = "application/grpc";

    public static bool IsGrpc(HttpRequest request) => request.ContentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) is true;

    public static Task WriteAsync(HttpContext http, RefusalException refusal)
    {
        var failure = RefusalStatus.ToRpcException(refusal);
        var response = http.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = ContentType;
        response.Headers["grpc-status"] = ((int)failure.StatusCode).ToString(CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Escape(failure.Status.Detail);
        foreach (var trailer in failure.Trailers)
            response.Headers[trailer.Key] = trailer.IsBinary ? Convert.ToBase64String(trailer.ValueBytes).TrimEnd('=') : trailer.Value;
        return response.CompleteAsync();
    }

    /// <summary>Percent-encoded outside of printable ASCII, as gRPC wants its messages.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            if (unit is >= (byte)' ' and <= (byte)'~' and not (byte)'%') escaped.Append((char)unit);
            else escaped.Append(CultureInfo.InvariantCulture, $"%{unit:X2}");
        }

        return escaped.ToString();
    }
}
