using System.Buffers;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Qmtl.Identity;
using Qmtl.Protos;

namespace Qmtl.ServiceDefaults.Rpc;

/// <summary>A stream of messages as server-sent events: one JSON document each, flushed at once, with comments in between so that nobody thinks it dead.</summary>
internal sealed class EventStream(HttpContext http, RpcJsonOptions options) : IRpcStream, IDisposable
{
    private static readonly byte[] Comment = ":\n\n"u8.ToArray();

    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _started;

    public bool Started => Volatile.Read(ref _started);

    public Task StartAsync(Metadata headers) => InTurnAsync(static _ => { }, http.RequestAborted);

    public Task WriteAsync(IMessage message, CancellationToken cancellationToken) => InTurnAsync(output => WriteEvent(output, message), cancellationToken);

    /// <summary>A failure after the headers have left can only be told as an event.</summary>
    public Task FailAsync(RefusalException refusal, string correlationId) =>
        InTurnAsync(
            output =>
            {
                output.Write("event: error\ndata: "u8);
                output.Write(ProblemDocument.ToUtf8(refusal, correlationId));
                output.Write("\n\n"u8);
            },
            http.RequestAborted);

    /// <summary>Sends headers once the handler has been silent for a while, then a comment in every quiet interval.</summary>
    public async Task BeatAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        await Task.Delay(options.StreamStart, time, cancellationToken).ConfigureAwait(false);
        await InTurnAsync(static _ => { }, cancellationToken).ConfigureAwait(false);
        using var timer = new PeriodicTimer(options.Heartbeat, time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            await InTurnAsync(static output => output.Write(Comment), cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _turn.Dispose();

    private async Task InTurnAsync(Action<IBufferWriter<byte>> write, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Start();
            write(http.Response.BodyWriter);
            await http.Response.BodyWriter.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Start()
    {
        if (_started) return;
        Volatile.Write(ref _started, true);
        var response = http.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers[CorrelationIds.Header] = http.CorrelationId();
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }

    private void WriteEvent(IBufferWriter<byte> output, IMessage message)
    {
        if (options.EventId(message) is { } id) Line(output, "id: ", id);
        if (options.EventName(message) is { } name) Line(output, "event: ", name);
        output.Write("data: "u8);
        // Compact JSON has no line breaks, so one data line carries it.
        if (options.EventJson is { } json) output.Write(json(message).Span);
        else ProtoJson.Write(message, output);
        output.Write("\n\n"u8);
    }

    private static void Line(IBufferWriter<byte> output, string field, string value)
    {
        var oneLine = value.ReplaceLineEndings(" ");
        output.Write(Encoding.UTF8.GetBytes($"{field}{oneLine}\n"));
    }
}
