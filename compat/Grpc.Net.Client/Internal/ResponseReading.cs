using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Net.Wire;

namespace Grpc.Net.Client.Internal;

/// <summary>Reads status and metadata off an HTTP response.</summary>
internal static class ResponseReading
{
    /// <summary>The status of a response that carries no messages; null when messages follow.</summary>
    public static Status? EarlyStatus(HttpResponseMessage response)
    {
        // A gRPC status says more than the HTTP status it came with.
        if (FindStatus(response.Headers) is { } status) return status;
        if (response.Version < HttpVersion.Version20)
            return new Status(StatusCode.Internal, $"Bad gRPC response. Response protocol downgraded to HTTP/{response.Version.ToString(2)}.");
        if (response.StatusCode != HttpStatusCode.OK)
            return new Status(HttpErrors.FromHttpStatus(response.StatusCode), $"Bad gRPC response. HTTP status code: {(int)response.StatusCode}");
        if (First(response.Content.Headers, "Content-Type") is not { } contentType)
            return new Status(StatusCode.Cancelled, "Bad gRPC response. Response did not have a content-type header.");
        return Headers.IsGrpcContentType(contentType) ? null : new Status(StatusCode.Cancelled, $"Bad gRPC response. Invalid content-type value: {contentType}");
    }

    /// <summary>The status after the last message.</summary>
    public static Status FinalStatus(HttpResponseMessage response) =>
        FindStatus(response.TrailingHeaders) ?? new Status(StatusCode.Cancelled, "No grpc-status found on response.");

    public static Metadata ReadMetadata(HttpResponseHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            if (IsProtocolHeader(name)) continue;
            foreach (var value in values) Headers.AddReceived(metadata, name, value);
        }

        return metadata;
    }

    public static string? First(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) && values.Count > 0 ? values.First() : null;

    private static bool IsProtocolHeader(string name) =>
        name.StartsWith(':')
        || name.Equals(Headers.Status, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Headers.Message, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Headers.Encoding, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Headers.AcceptEncoding, StringComparison.OrdinalIgnoreCase);

    private static Status? FindStatus(HttpResponseHeaders headers)
    {
        if (First(headers, Headers.Status) is not { } text) return null;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code)) return new Status(StatusCode.Cancelled, $"Unexpected grpc-status value: {text}");
        var message = First(headers, Headers.Message);
        return new Status((StatusCode)code, string.IsNullOrEmpty(message) ? "" : Headers.DecodeMessage(message));
    }
}
