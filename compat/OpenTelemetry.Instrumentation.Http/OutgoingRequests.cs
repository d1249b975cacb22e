using System.Diagnostics;

namespace OpenTelemetry.Instrumentation.Http.Implementation;

/// <summary>Applies filter and enrichment to the spans of <see cref="HttpClient"/>, which carry the HTTP semantic conventions already.</summary>
internal sealed class OutgoingRequests : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private readonly HttpClientTraceInstrumentationOptions _options;
    private readonly Lock _gate = new();
    private readonly List<IDisposable> _subscriptions = [];
    private bool _disposed;

    public OutgoingRequests(HttpClientTraceInstrumentationOptions options)
    {
        _options = options;
        Keep(DiagnosticListener.AllListeners.Subscribe(this));
    }

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "HttpHandlerDiagnosticListener") Keep(value.Subscribe(this));
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (Activity.Current is not { IsAllDataRequested: true } activity) return;
        switch (value.Key)
        {
            case "System.Net.Http.HttpRequestOut.Start" when Part<HttpRequestMessage>(value.Value, "Request") is { } request:
                Started(activity, request);
                break;
            case "System.Net.Http.HttpRequestOut.Stop" when Part<HttpResponseMessage>(value.Value, "Response") is { } response:
                Guarded(() => _options.EnrichWithHttpResponseMessage?.Invoke(activity, response));
                break;
            case "System.Net.Http.Exception" when Part<Exception>(value.Value, "Exception") is { } exception:
                if (_options.RecordException) activity.AddException(exception);
                Guarded(() => _options.EnrichWithException?.Invoke(activity, exception));
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

    private void Started(Activity activity, HttpRequestMessage request)
    {
        if (!Wanted(request))
        {
            activity.IsAllDataRequested = false;
            activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
            return;
        }

        Guarded(() => _options.EnrichWithHttpRequestMessage?.Invoke(activity, request));
    }

    private bool Wanted(HttpRequestMessage request)
    {
        try
        {
            return _options.FilterHttpRequestMessage?.Invoke(request) ?? true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    // The payloads are private types of the runtime: their properties are the contract.
    private static T? Part<T>(object? payload, string property) where T : class => payload?.GetType().GetProperty(property)?.GetValue(payload) as T;

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
