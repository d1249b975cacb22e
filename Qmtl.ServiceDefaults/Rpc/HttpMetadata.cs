using System.Globalization;
using Grpc.Core;
using Qmtl.ServiceDefaults.Authentication;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>
/// How a handler speaks to HTTP: by response trailers named <c>http-*</c>. <c>http-status</c> is the status code, <c>http-etag</c> the etag without
/// quotes, and <c>http-NAME</c> the header NAME. They travel over gRPC too, so a proxying Gateway answers with the same headers.
/// </summary>
public static class HttpMetadata
{
    /// <summary>What such trailers begin with.</summary>
    public const string Prefix = "http-";

    internal const string Status = "http-status";
    internal const string ETag = "http-etag";

    /// <summary>Answers with this status over HTTP, for example 201.</summary>
    public static void SetHttpStatus(this ServerCallContext context, int status) => Set(context, Status, status.ToString(CultureInfo.InvariantCulture));

    /// <summary>Answers with this ETag; a request that names it in If-None-Match is answered with 304.</summary>
    public static void SetETag(this ServerCallContext context, string etag) => Set(context, ETag, etag);

    /// <summary>Allows caches to keep the answer for <paramref name="maxAge"/>; zero forbids it.</summary>
    public static void SetCacheControl(this ServerCallContext context, TimeSpan maxAge) =>
        context.SetHttpHeader("cache-control", maxAge <= TimeSpan.Zero ? "no-store" : string.Create(CultureInfo.InvariantCulture, $"max-age={(long)maxAge.TotalSeconds}"));

    /// <summary>Answers with a header of this name.</summary>
    public static void SetHttpHeader(this ServerCallContext context, string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Set(context, Prefix + name.ToLowerInvariant(), value);
    }

    /// <summary>The headers of a request that must reach the next service, with who asks, as this service has verified it.</summary>
    public static Metadata ForwardedHeaders(this ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var forwarded = new Metadata();
        foreach (var name in Forwarded)
        {
            if (context.RequestHeaders.GetValue(name) is { } value) forwarded.Add(name, value);
        }

        IdentityHeaders.Add(forwarded, context.Caller());
        forwarded.Add("x-correlation-id", context.CorrelationId());
        return forwarded;
    }

    /// <summary>Headers that are passed on, besides the caller and the correlation id.</summary>
    internal static readonly string[] Forwarded =
        ["authorization", "x-risk-hub-token", "x-allow-live", "x-actor", "x-stage", "if-none-match", "last-event-id"];

    private static void Set(ServerCallContext context, string key, string value)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(value);
        var trailers = context.ResponseTrailers;
        for (var i = trailers.Count - 1; i >= 0; i--)
        {
            if (string.Equals(trailers[i].Key, key, StringComparison.Ordinal)) trailers.RemoveAt(i);
        }

        trailers.Add(key, value);
    }
}
