using System.Diagnostics;

namespace Qmtl.ServiceDefaults.Telemetry;

/// <summary>Carries W3C trace context in the headers of a message, as HTTP does in its own.</summary>
public static class MessageTracing
{
    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";

    /// <summary>Writes the current span, if there is one, into <paramref name="headers"/>.</summary>
    public static void Inject(IDictionary<string, string> headers) => Inject(headers, Activity.Current);

    /// <summary>Writes <paramref name="activity"/> into <paramref name="headers"/>; does nothing for null.</summary>
    public static void Inject(IDictionary<string, string> headers, Activity? activity)
    {
        ArgumentNullException.ThrowIfNull(headers);
        if (activity is not { IdFormat: ActivityIdFormat.W3C, Id: { } id }) return;
        headers[TraceParent] = id;
        if (!string.IsNullOrEmpty(activity.TraceStateString)) headers[TraceState] = activity.TraceStateString;
    }

    /// <summary>The span that sent the message; the default context where the headers name none, or name one that is malformed.</summary>
    public static ActivityContext Extract(IReadOnlyDictionary<string, string> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        return headers.TryGetValue(TraceParent, out var parent)
            && ActivityContext.TryParse(parent, headers.GetValueOrDefault(TraceState), isRemote: true, out var context)
            ? context
            : default;
    }

    /// <summary>Starts the span of handling a message, under the span that sent it.</summary>
    public static Activity? StartConsumer(this ActivitySource source, string name, IReadOnlyDictionary<string, string> headers)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.StartActivity(name, ActivityKind.Consumer, Extract(headers));
    }
}
