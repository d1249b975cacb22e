using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace OpenTelemetry.Instrumentation.AspNetCore.Implementation;

/// <summary>Adds the HTTP semantic conventions to the span that hosting starts for each request.</summary>
/// <remarks>Hosting announces start, stop and failure on the diagnostic listener <c>Microsoft.AspNetCore</c>; the span is <see cref="Activity.Current"/>.</remarks>
internal sealed class IncomingRequests : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private static readonly string[] KnownMethods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT"];

    private readonly AspNetCoreTraceInstrumentationOptions _options;
    private readonly Lock _gate = new();
    private readonly List<IDisposable> _subscriptions = [];
    private bool _disposed;

    public IncomingRequests(AspNetCoreTraceInstrumentationOptions options)
    {
        _options = options;
        Keep(DiagnosticListener.AllListeners.Subscribe(this));
    }

    // Every host in the process has a listener of this name; a provider sees the requests of all of them, as the package does.
    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.AspNetCore") Keep(value.Subscribe(this, static name => name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal)));
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (Activity.Current is not { } activity) return;
        switch (value.Key)
        {
            case "Microsoft.AspNetCore.Hosting.HttpRequestIn.Start" when value.Value is HttpContext context:
                Started(activity, context);
                break;
            case "Microsoft.AspNetCore.Hosting.HttpRequestIn.Stop" when value.Value is HttpContext context:
                Stopped(activity, context);
                break;
            case "Microsoft.AspNetCore.Hosting.UnhandledException" or "Microsoft.AspNetCore.Diagnostics.UnhandledException":
                Failed(activity, value.Value?.GetType().GetProperty("exception")?.GetValue(value.Value) as Exception
                    ?? value.Value?.GetType().GetProperty("Exception")?.GetValue(value.Value) as Exception);
                break;
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void Dispose()
    {
        IDisposable[] subscriptions;
        lock (_gate)
        {
            _disposed = true;
            subscriptions = [.. _subscriptions];
            _subscriptions.Clear();
        }

        foreach (var subscription in subscriptions) subscription.Dispose();
    }

    private void Keep(IDisposable subscription)
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _subscriptions.Add(subscription);
                return;
            }
        }

        subscription.Dispose();
    }

    private void Started(Activity activity, HttpContext context)
    {
        if (!activity.IsAllDataRequested) return;
        if (!Wanted(context))
        {
            // Children inherit the flag, so nothing under a request that was filtered out is recorded either.
            activity.IsAllDataRequested = false;
            activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            return;
        }

        var request = context.Request;
        var method = KnownMethods.Contains(request.Method, StringComparer.Ordinal) ? request.Method : "_OTHER";
        activity.DisplayName = method == "_OTHER" ? "HTTP" : method;
        activity.SetTag("http.request.method", method);
        if (method == "_OTHER") activity.SetTag("http.request.method_original", request.Method);
        if (request.Host.HasValue)
        {
            activity.SetTag("server.address", request.Host.Host);
            if (request.Host.Port is { } port) activity.SetTag("server.port", port);
        }

        if (request.Headers.UserAgent is [{ Length: > 0 } agent, ..]) activity.SetTag("user_agent.original", agent);
        activity.SetTag("url.scheme", request.Scheme);
        activity.SetTag("url.path", request.PathBase.HasValue || request.Path.HasValue ? (request.PathBase + request.Path).ToString() : "/");
        if (request.QueryString.HasValue) activity.SetTag("url.query", Redacted(request.QueryString.Value!));
        activity.SetTag("network.protocol.version", request.Protocol switch
        {
            "HTTP/1.1" => "1.1",
            "HTTP/2" => "2",
            "HTTP/3" => "3",
            "HTTP/1.0" => "1.0",
            var other => other.Replace("HTTP/", "", StringComparison.Ordinal),
        });
        Guarded(() => _options.EnrichWithHttpRequest?.Invoke(activity, request));
    }

    private void Stopped(Activity activity, HttpContext context)
    {
        if (!activity.IsAllDataRequested) return;
        var route = context.GetEndpoint()?.Metadata.GetMetadata<IRouteDiagnosticsMetadata>()?.Route ?? (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        if (!string.IsNullOrEmpty(route))
        {
            activity.DisplayName = $"{(activity.GetTagItem("http.request.method") is "_OTHER" ? "HTTP" : context.Request.Method)} {route}";
            activity.SetTag("http.route", route);
        }

        var status = context.Response.StatusCode;
        activity.SetTag("http.response.status_code", status);
        if (activity.Status == ActivityStatusCode.Unset && status >= 500)
        {
            activity.SetStatus(ActivityStatusCode.Error);
            if (activity.GetTagItem("error.type") is null) activity.SetTag("error.type", status.ToString(CultureInfo.InvariantCulture));
        }

        Guarded(() => _options.EnrichWithHttpResponse?.Invoke(activity, context.Response));
    }

    private void Failed(Activity activity, Exception? exception)
    {
        if (!activity.IsAllDataRequested || exception is null) return;
        activity.SetTag("error.type", exception.GetType().FullName);
        if (_options.RecordException) activity.AddException(exception);
        activity.SetStatus(ActivityStatusCode.Error);
        Guarded(() => _options.EnrichWithException?.Invoke(activity, exception));
    }

    private bool Wanted(HttpContext context)
    {
        try
        {
            return _options.Filter?.Invoke(context) ?? true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <summary>Values of a query can be secrets: names stay, values become <c>Redacted</c>.</summary>
    private static string Redacted(string query) =>
        "?" + string.Join('&', query.TrimStart('?').Split('&').Select(static pair => pair.IndexOf('=', StringComparison.Ordinal) is >= 0 and var at ? pair[..(at + 1)] + "Redacted" : pair));

    /// <summary>An enricher that fails must not fail the request.</summary>
    private static void Guarded(Action enrich)
    {
        try
        {
            enrich();
        }
        catch (Exception failure)
        {
            Debug.WriteLine(failure);
        }
    }
}
