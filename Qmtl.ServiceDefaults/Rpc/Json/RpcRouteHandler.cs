using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>Serves one route.</summary>
internal sealed partial class RpcRouteHandler(RpcRoute route, IRpcTarget target, RpcJsonOptions options, RefusalReporter reporter, TimeProvider time, ILogger<RpcRouteHandler> logger)
{
    private readonly RpcRequestReader _reader = new(route, options);
    private readonly RpcResponseWriter _writer = new(route);
    private readonly string _operation = $"/{route.Method.Service.FullName}/{route.Method.Name}";

    public async Task HandleAsync(HttpContext http)
    {
        using var scope = logger.BeginScope(CorrelationIds.Scope(http.CorrelationId()));
        if (route.Method.IsServerStreaming) await StreamAsync(http).ConfigureAwait(false);
        else await CallAsync(http).ConfigureAwait(false);
    }

    private async Task CallAsync(HttpContext http)
    {
        try
        {
            var request = await _reader.ReadAsync(http, http.RequestAborted).ConfigureAwait(false);
            var reply = await target.CallAsync(http, request, http.RequestAborted).ConfigureAwait(false);
            await _writer.WriteAsync(http, reply).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            await RefuseAsync(http, failure).ConfigureAwait(false);
        }
    }

    private async Task StreamAsync(HttpContext http)
    {
        using var stream = new EventStream(http, options);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var beat = Task.CompletedTask;
        try
        {
            var request = await _reader.ReadAsync(http, http.RequestAborted).ConfigureAwait(false);
            beat = stream.BeatAsync(time, ended.Token);
            await target.StreamAsync(http, request, stream, http.RequestAborted).ConfigureAwait(false);
            await StopAsync(beat, ended).ConfigureAwait(false);
            // A stream may end without a single event; it is a stream all the same.
            if (!stream.Started) await stream.StartAsync([]).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            await StopAsync(beat, ended).ConfigureAwait(false);
            if (!stream.Started) await RefuseAsync(http, failure).ConfigureAwait(false);
            else await BreakAsync(http, stream, failure).ConfigureAwait(false);
        }
    }

    private async Task RefuseAsync(HttpContext http, Exception failure)
    {
        var cancelled = http.RequestAborted.IsCancellationRequested;
        var refusal = reporter.Report(failure, _operation, http.CorrelationId(), cancelled);
        if (cancelled) return;
        if (http.Response.HasStarted) http.Abort();
        else await ProblemDocument.WriteAsync(http, refusal).ConfigureAwait(false);
    }

    private async Task BreakAsync(HttpContext http, EventStream stream, Exception failure)
    {
        if (http.RequestAborted.IsCancellationRequested)
        {
            // Leaving is how a subscriber ends a stream: nothing was refused.
            LogLeft(_operation);
            return;
        }

        var refusal = reporter.Report(failure, _operation, http.CorrelationId(), cancelled: false);
        await stream.FailAsync(refusal, http.CorrelationId()).ConfigureAwait(false);
    }

    private static async Task StopAsync(Task beat, CancellationTokenSource ended)
    {
        await ended.CancelAsync().ConfigureAwait(false);
        await beat.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    [LoggerMessage(Level = LogLevel.Debug, EventId = 1, EventName = "SubscriberLeft", Message = "A subscriber of {Operation} left")]
    private partial void LogLeft(string operation);
}
