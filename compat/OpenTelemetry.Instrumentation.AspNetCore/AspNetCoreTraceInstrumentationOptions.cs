using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace OpenTelemetry.Instrumentation.AspNetCore;

/// <summary>What is recorded of an incoming request.</summary>
public class AspNetCoreTraceInstrumentationOptions
{
    /// <summary>A request is recorded where this says true, or where it is null. A filter that throws records nothing.</summary>
    public Func<HttpContext, bool>? Filter { get; set; }

    public Action<Activity, HttpRequest>? EnrichWithHttpRequest { get; set; }

    public Action<Activity, HttpResponse>? EnrichWithHttpResponse { get; set; }

    public Action<Activity, Exception>? EnrichWithException { get; set; }

    /// <summary>Records an unhandled exception as a span event.</summary>
    public bool RecordException { get; set; }
}
