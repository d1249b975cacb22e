using System.Net.WebSockets;
using Microsoft.AspNetCore.Http.Features;
using Qmtl.Identity;

namespace Qmtl.Gateway.Events;

/// <summary>Events over WebSocket.</summary>
internal sealed partial class WebSocketEndpoint(
    EventAccess access, EventStreams streams, EventEncoder encoder, EventMetrics metrics, EventOptions options, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<WebSocketEndpoint> logger)
{
    /// <summary>Where it is served.</summary>
    public const string Path = "/ws/evt";

    // Who is not let in gets a word about it, and no more of this gateway's time.
    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(2);

    /// <summary>Serves one client until it leaves or is not wanted any more.</summary>
    public async Task ServeAsync(HttpContext http)
    {
        if (!http.WebSockets.IsWebSocketRequest)
            throw new RefusalException(ReasonCodes.InvalidArgument, $"{Path} speaks WebSocket; send an upgrade request, or use GET /events for server-sent events.");
        var query = http.Request.Query;
        StreamGrant? grant = null;
        EventStream? stream = null;
        string? refused = null;
        try
        {
            grant = await GrantAsync(http, EventAccess.TokenOf(http));
            var after = query["after_seq_no"].ToString() is { Length: > 0 } number ? EventEndpoints.Sequence(number, "after_seq_no") : (ulong?)null;
            _ = int.TryParse(query["interval"], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var interval);
            stream = streams.Open(grant.Filter, EventEndpoints.TagQueryOf(query["tags"].OfType<string>(), interval, query["match_mode"].ToString()), after, "websocket");
        }
        catch (RefusalException refusal)
        {
            LogRefused(logger, refusal.Code.Code, refusal.Message);
            refused = refusal.Code.Code;
        }

        using (stream) await TalkAsync(http, grant, stream, refused);
    }

    private async Task TalkAsync(HttpContext http, StreamGrant? grant, EventStream? stream, string? refused)
    {
        var upgrade = (CorkedUpgrade)http.Features.GetRequiredFeature<IHttpUpgradeFeature>();
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = options.PingEvery, KeepAliveTimeout = options.PongTimeout });
        if (stream is null)
        {
            using var limit = new CancellationTokenSource(FarewellLimit, time);
            await FarewellAsync(socket, refused!, limit.Token);
            return;
        }

        using var session = new WebSocketSession(socket, upgrade.Connection!, stream, grant!, token => GrantAsync(http, token), encoder, metrics, options, time);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        var end = await session.RunAsync(stopping.Token);
        metrics.Disconnected(end.Name);
        LogEnded(logger, end.Name);
        // A client that takes nothing would hold the connection open for as long as it likes.
        if (end.Status is null) http.Abort();
    }

    private static async Task FarewellAsync(WebSocket socket, string code, CancellationToken limit)
    {
        try
        {
            await socket.CloseAsync(WebSocketCloseStatus.PolicyViolation, code, limit);
        }
        catch (Exception problem) when (problem is WebSocketException or OperationCanceledException or IOException)
        {
            // It did not wait for the answer.
        }
    }

    private Task<StreamGrant> GrantAsync(HttpContext http, string? token)
    {
        var query = http.Request.Query;
        var topics = query["topics"].OfType<string>().ToArray();
        return access.GrantAsync(token, new StreamRequest(query["world_id"].ToString(), query["strategy_id"].ToString(), topics), http);
    }

    [LoggerMessage(1, LogLevel.Information, "A WebSocket client was not let in: {Code}: {Reason}")]
    private static partial void LogRefused(ILogger logger, string code, string reason);

    [LoggerMessage(2, LogLevel.Debug, "A WebSocket stream ended: {Reason}")]
    private static partial void LogEnded(ILogger logger, string reason);
}

/// <summary>The route of <see cref="WebSocketEndpoint"/>.</summary>
internal static class WebSocketRoutes
{
    /// <summary>Maps it, with what turns a request into a WebSocket: nothing else of the host needs that.</summary>
    public static IEndpointConventionBuilder MapEventSocket(this IEndpointRouteBuilder endpoints)
    {
        var pipeline = endpoints.CreateApplicationBuilder();
        pipeline.Use(next => http =>
        {
            if (http.Features.Get<IHttpUpgradeFeature>() is { } upgrade) http.Features.Set<IHttpUpgradeFeature>(new CorkedUpgrade(upgrade));
            return next(http);
        });
        pipeline.UseWebSockets();
        pipeline.Run(http => http.RequestServices.GetRequiredService<WebSocketEndpoint>().ServeAsync(http));
        // It checks the token itself, and tells why it refuses one in the way of its protocol.
        return endpoints.MapGet(WebSocketEndpoint.Path, pipeline.Build()).AllowAnonymous();
    }
}
