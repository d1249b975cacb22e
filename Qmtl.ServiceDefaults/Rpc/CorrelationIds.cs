using System.Buffers;
using System.Diagnostics;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>The id by which one request is found in responses, logs, events and the audit of every service it touched.</summary>
public static class CorrelationIds
{
    /// <summary>The header, in both directions.</summary>
    public const string Header = "X-Correlation-ID";

    private const string Metadata = "x-correlation-id";
    private const string Item = "qmtl.correlation_id";
    private const int MaxLength = 128;
    private static readonly SearchValues<char> Allowed = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/");

    /// <summary>The correlation id of a call.</summary>
    public static string CorrelationId(this ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Take(context.UserState, context.RequestHeaders.GetValue(Metadata));
    }

    /// <summary>The correlation id of a request; the middleware echoes it in the response.</summary>
    public static string CorrelationId(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Take(context.Items!, context.Request.Headers[Header].ToString());
    }

    internal static IReadOnlyList<KeyValuePair<string, object>> Scope(string correlationId) => [new("correlation_id", correlationId)];

    /// <summary>What a caller sends is taken when it is harmless in logs and headers; a trace id serves otherwise, so that both lead to the same place.</summary>
    private static string Take(IDictionary<object, object> items, string? sent)
    {
        if (items.TryGetValue(Item, out var known) && known is string id) return id;
        id = sent is { Length: > 0 and <= MaxLength } && !sent.AsSpan().ContainsAnyExcept(Allowed)
            ? sent
            : Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? activity.TraceId.ToHexString() : Guid.NewGuid().ToString("N");
        items[Item] = id;
        return id;
    }
}
