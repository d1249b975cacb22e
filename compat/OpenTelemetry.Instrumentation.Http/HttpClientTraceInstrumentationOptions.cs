using System.Diagnostics;

namespace OpenTelemetry.Instrumentation.Http;

/// <summary>What is recorded of an outgoing request.</summary>
public class HttpClientTraceInstrumentationOptions
{
    /// <summary>A request is recorded where this says true, or where it is null. A filter that throws records nothing.</summary>
    public Func<HttpRequestMessage, bool>? FilterHttpRequestMessage { get; set; }

    public Action<Activity, HttpRequestMessage>? EnrichWithHttpRequestMessage { get; set; }

    public Action<Activity, HttpResponseMessage>? EnrichWithHttpResponseMessage { get; set; }

    public Action<Activity, Exception>? EnrichWithException { get; set; }

    /// <summary>Records a failed request's exception as a span event.</summary>
    public bool RecordException { get; set; }
}
