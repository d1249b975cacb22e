using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.Gateway.Tokens;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Endpoints;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;

namespace Qmtl.Gateway.Events;

/// <summary>The rpcs about events: descriptors, keys, schemas, and the stream itself over gRPC and server-sent events.</summary>
internal sealed class EventEndpoints(
    EventAccess access, EventStreams streams, EventTokens tokens, TokenKeys keys, EventOptions options, QmtlEndpoints endpoints, IHostApplicationLifetime lifetime, TimeProvider time)
{
    // Shorter than the life of a key that was taken out of use.
    private static readonly TimeSpan KeysMaxAge = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SchemaMaxAge = TimeSpan.FromHours(1);

    /// <summary>Public halves of the keys.</summary>
    public JsonWebKeySet Keys(ServerCallContext context)
    {
        context.SetCacheControl(KeysMaxAge);
        return keys.Ring.Publish(time.GetUtcNow());
    }

    /// <summary>Shapes of the events.</summary>
    public static Struct Schemas(ServerCallContext context)
    {
        context.SetCacheControl(SchemaMaxAge);
        return EventSchemas.All();
    }

    /// <summary>Gives out a token for one world to somebody who may read it.</summary>
    public async Task<EventStreamDescriptor> DescribeAsync(EventStreamRequest request, ServerCallContext context)
    {
        if (request.WorldId.Length == 0) throw RefusalException.At(ReasonCodes.InvalidArgument, "/world_id", "must name the world whose events are wanted");
        string[] topics = [.. EventTopics.Normalise(request.Topics).Order(StringComparer.Ordinal)];
        if (topics.Length == 0)
            throw RefusalException.At(ReasonCodes.InvalidArgument, "/topics", $"must name at least one of {string.Join(", ", EventTopics.Relayed)}, or be left out for all");
        var caller = context.Caller();
        await access.RequireReaderAsync(request.WorldId, caller, context.CancellationToken);
        var token = tokens.Issue(new TokenGrant(TokenAudiences.Events, caller.Subject, request.WorldId, request.StrategyId, topics));
        var address = PublicAddress(context);
        var query = QueryString.Create("world_id", request.WorldId).Add("topics", string.Join(',', topics));
        if (request.StrategyId.Length > 0) query = query.Add("strategy_id", request.StrategyId);
        context.SetCacheControl(TimeSpan.Zero);
        return new EventStreamDescriptor
        {
            StreamUrl = new UriBuilder(new Uri(address, WebSocketEndpoint.Path)) { Scheme = address.Scheme == Uri.UriSchemeHttps ? "wss" : "ws" }.Uri.ToString(),
            Token = token.Text,
            Topics = { topics },
            ExpiresAt = Timestamp.FromDateTimeOffset(token.ExpiresAt),
            FallbackUrl = new Uri(address, "/events" + query).ToString(),
        };
    }

    /// <summary>Streams until the subscriber leaves, its token ends or the gateway does.</summary>
    public async Task StreamAsync(SubscribeRequest request, IServerStreamWriter<CloudEvent> writer, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var grant = await access.GrantAsync(EventAccess.TokenOf(http), new StreamRequest(request.WorldId, request.StrategyId, request.Topics), http);
        using var stream = streams.Open(grant.Filter, TagQueryOf(request.Tags, request.Interval, request.MatchMode), AfterSequence(request, context), http.Request.Protocol is "HTTP/2" ? "grpc" : "sse");
        // The place at the hub is taken: who has the headers may count on every event from then on, and so does the state read behind it.
        await context.WriteResponseHeadersAsync([]);
        using var expiry = grant.ExpiresAt is { } end ? new CancellationTokenSource(Max(end - time.GetUtcNow()), time) : new CancellationTokenSource();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping, expiry.Token);
        try
        {
            while (true)
            {
                foreach (var item in await stream.NextAsync(stopping.Token)) await writer.WriteAsync(item.Frame, stopping.Token);
            }
        }
        catch (OperationCanceledException ended) when (!context.CancellationToken.IsCancellationRequested && expiry.IsCancellationRequested)
        {
            throw new RefusalException(ReasonCodes.TokenExpired, "The token has ended; ask for a new one with POST /events/subscribe and go on with Last-Event-ID.", errors: null, metadata: null, ended);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested && lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The stream ends well; the subscriber comes back to a gateway that runs.
        }
    }

    /// <summary>The tag query of a subscription; null when it has none.</summary>
    internal static TagQuery? TagQueryOf(IEnumerable<string> tags, int interval, string mode)
    {
        string[] names = [.. tags.SelectMany(tag => tag.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        if (names.Length == 0) return null;
        return interval is >= 1 and <= 86_400 ? new TagQuery(names, interval, mode) : throw RefusalException.At(ReasonCodes.InvalidArgument, "/interval", $"must be 1 to 86400 seconds where tags are given, was {interval}");
    }

    internal static TimeSpan Max(TimeSpan left) => left > TimeSpan.Zero ? left : TimeSpan.Zero;

    /// <summary>A browser that reconnects names the last event it saw in a header.</summary>
    private static ulong? AfterSequence(SubscribeRequest request, ServerCallContext context) =>
        request.AfterSeqNo ?? (context.RequestHeaders.GetValue("last-event-id") is { Length: > 0 } header ? Sequence(header, "Last-Event-ID") : null);

    internal static ulong Sequence(string text, string name) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw RefusalException.At(ReasonCodes.InvalidArgument, "/after_seq_no", $"{name} must be the number of an earlier event, was \"{text}\"");

    /// <summary>Where clients find this gateway: as configured, else as they found it just now, else its own HTTP endpoint.</summary>
    private Uri PublicAddress(ServerCallContext context)
    {
        if (options.PublicUrl is { Length: > 0 } configured) return new Uri(configured);
        var request = context.GetHttpContext().Request;
        return request.Protocol is "HTTP/2" || !request.Host.HasValue ? endpoints[QmtlEndpointOptions.Http] : new Uri($"{request.Scheme}://{request.Host}");
    }
}
