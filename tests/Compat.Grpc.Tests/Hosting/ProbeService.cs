using System.Text;
using Compat.Grpc.Tests.Protos;
using global::Grpc.Core;

namespace Compat.Grpc.Tests.Hosting;

/// <summary>What the tests see of the server's side.</summary>
public sealed class ProbeLog
{
    private int _received;
    private int _sent;

    public int Received => Volatile.Read(ref _received);

    public int Sent => Volatile.Read(ref _sent);

    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void OnReceived() => Interlocked.Increment(ref _received);

    public void OnSent() => Interlocked.Increment(ref _sent);
}

/// <summary>Does what the request's behaviour asks.</summary>
public sealed class ProbeService(ProbeLog log) : Probe.ProbeBase
{
    public override async Task<Answer> Echo(Ask request, ServerCallContext context)
    {
        log.OnReceived();
        switch (request.Behaviour)
        {
            case "headers":
                await RespondWithHeadersAsync(context);
                break;
            case "refuse":
                throw Refusal();
            case "status":
                context.Status = new Status(StatusCode.FailedPrecondition, "set on the context");
                break;
            case "throw":
                throw new InvalidOperationException("secret of the house");
            case "null":
                return null!;
            case "hang":
                await HangAsync(context);
                break;
            case "ignore-deadline":
                await log.Release.Task;
                break;
            case "deadline":
                return new Answer { Text = context.Deadline.ToString("O", System.Globalization.CultureInfo.InvariantCulture) };
            case "context":
                return new Answer { Text = $"{context.Method}|{context.Peer}|{context.Host}|{context.GetHttpContext().Request.Protocol}" };
            case "trace":
                return new Answer { Text = System.Diagnostics.Activity.Current?.TraceId.ToString() ?? "" };
            case "abort":
                context.GetHttpContext().Abort();
                break;
            case "no-compress":
                context.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
                break;
        }

        return new Answer { Text = request.Text, Count = request.Payload.Length, Payload = request.Payload };
    }

    public override async Task<Answer> Collect(IAsyncStreamReader<Ask> requestStream, ServerCallContext context)
    {
        var text = new StringBuilder();
        var count = 0;
        await foreach (var ask in requestStream.ReadAllAsync(context.CancellationToken))
        {
            log.OnReceived();
            if (ask.Behaviour == "refuse") throw Refusal();
            if (ask.Behaviour == "hang") await HangAsync(context);
            if (ask.Behaviour == "hold") await log.Release.Task.WaitAsync(context.CancellationToken);
            text.Append(ask.Text);
            count++;
        }

        return new Answer { Text = text.ToString(), Count = count };
    }

    public override async Task Expand(Ask request, IServerStreamWriter<Answer> responseStream, ServerCallContext context)
    {
        if (request.Behaviour == "headers") await RespondWithHeadersAsync(context);
        if (request.Behaviour == "refuse") throw Refusal();
        for (var i = 0; i < request.Count; i++)
        {
            await responseStream.WriteAsync(new Answer { Text = request.Text, Count = i, Payload = request.Payload }, context.CancellationToken);
            log.OnSent();
            if (request.Behaviour == "refuse-after-one") throw Refusal();
            if (request.Behaviour == "hang-after-one") await HangAsync(context);
        }
    }

    public override async Task Chat(IAsyncStreamReader<Ask> requestStream, IServerStreamWriter<Answer> responseStream, ServerCallContext context)
    {
        await foreach (var ask in requestStream.ReadAllAsync(context.CancellationToken))
        {
            log.OnReceived();
            if (ask.Behaviour == "refuse") throw Refusal();
            if (ask.Behaviour == "hang") await HangAsync(context);
            if (ask.Behaviour == "end") return;
            await responseStream.WriteAsync(new Answer { Text = ask.Text, Count = log.Received }, context.CancellationToken);
        }
    }

    /// <summary>Answers with what it was sent, as headers and as trailers.</summary>
    private static async Task RespondWithHeadersAsync(ServerCallContext context)
    {
        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders.Where(entry => entry.Key.StartsWith("x-", StringComparison.Ordinal)))
        {
            headers.Add(entry);
            context.ResponseTrailers.Add(entry);
        }

        await context.WriteResponseHeadersAsync(headers);
    }

    private async Task HangAsync(ServerCallContext context)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
        }
        finally
        {
            log.Cancelled.TrySetResult();
        }
    }

    private static RpcException Refusal() => new(
        new Status(StatusCode.InvalidArgument, "100% wrong:\n größer als 日本"),
        new Metadata { { "grpc-status-details-bin", [0, 1, 2, 255] }, { "x-why", "because" } });
}
