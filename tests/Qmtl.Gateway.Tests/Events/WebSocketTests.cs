using System.Diagnostics.Metrics;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Events;

/// <summary>Events over real WebSockets, and what is done about those who mean no good.</summary>
[Collection(nameof(Alone))]
public sealed class WebSocketTests : IAsyncLifetime, IDisposable
{
    private readonly MetricWatch _metrics = new("Qmtl.Gateway");
    private Peers _peers = null!;
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _peers = await Peers.StartAsync();
        _gateway = await GatewayHost.StartAsync(
            GatewayHost.Sqlite(), _peers.Address,
            ("Gateway:Events:MaxMessageBytes", "1024"), ("Gateway:Events:MessageTimeout", "00:00:00.300"), ("Gateway:Events:PingEvery", "00:00:00.200"), ("Gateway:Events:PongTimeout", "00:00:00.500"));
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _peers.DisposeAsync();
    }

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task Descriptor_LeadsToAStreamOfItsWorld()
    {
        var descriptor = await DescribeAsync("w1", "s", "activation", "policy");
        Assert.StartsWith("ws://127.0.0.1", descriptor.GetProperty("stream_url").GetString(), StringComparison.Ordinal);
        Assert.Equal(["activation", "policy"], descriptor.GetProperty("topics").EnumerateArray().Select(topic => topic.GetString()));
        using var socket = await ConnectAsync(descriptor.GetProperty("stream_url").GetString()!, descriptor.GetProperty("token").GetString()!);

        foreach (var side in new[] { "long", "short" }) Assert.Equal(side, (await ReadAsync(socket)).GetProperty("data").GetProperty("side").GetString());
        Assert.Equal("policy_state_hash", (await ReadAsync(socket)).GetProperty("type").GetString());
        await _gateway.PublishPolicyAsync("w2", 1);
        await _gateway.PublishPolicyAsync("w1", 2);

        var frame = await ReadAsync(socket);
        Assert.Equal(("1.0", "policy_updated", "w1", 2), (frame.GetProperty("specversion").GetString(), frame.GetProperty("type").GetString(), frame.GetProperty("data").GetProperty("world_id").GetString(), frame.GetProperty("data").GetProperty("policy_version").GetInt32()));
        Assert.True(frame.GetProperty("seq_no").GetUInt64() > 0);
    }

    [Fact]
    public async Task Client_AcksHeartbeatsAndRefreshes_IsAnswered()
    {
        var token = await TokenAsync("w1", "risk");
        using var socket = await ConnectAsync(token);

        await SendAsync(socket, """{"type":"hello"}""");
        await SendAsync(socket, """{"type":"ack","last_id":"e-7"}""");
        var ack = await ReadAsync(socket);
        await SendAsync(socket, $$"""{"type":"refresh","token":"{{await TokenAsync("w1", "policy")}}"}""");
        var renewed = await ReadAsync(socket, "refresh_ack");

        Assert.Equal(("ack", "e-7"), (ack.GetProperty("type").GetString(), ack.GetProperty("last_id").GetString()));
        Assert.Equal("policy", renewed.GetProperty("topics").GetString());
        // The state of what the new token is for comes at once, though nothing happens.
        await ReadAsync(socket, "policy_state_hash");
        await _gateway.PublishPolicyAsync("w1", 3);
        Assert.Equal("policy_updated", (await ReadAsync(socket, "policy_updated")).GetProperty("type").GetString());
        Assert.True(_metrics["ws_heartbeats_total"] >= 1 && _metrics["ws_acks_total"] >= 1 && _metrics["ws_refreshes_total"] >= 1);
    }

    [Fact]
    public async Task Refresh_WithABadToken_EndsTheStream()
    {
        using var socket = await ConnectAsync(await TokenAsync("w1", "risk"));

        await SendAsync(socket, """{"type":"refresh","token":"nonsense"}""");

        Assert.Equal((WebSocketCloseStatus.PolicyViolation, "E_TOKEN_INVALID"), await ClosedAsync(socket));
        Assert.True(_metrics["ws_refresh_failures_total"] >= 1);
    }

    [Fact]
    public async Task Connect_WithATokenThatIsNotOurs_IsClosedWith1008AndCounted()
    {
        var good = (await TokenAsync("w1", "policy")).Split('.');
        var jwks = (await _gateway.GetAsync("/events/jwks")).Json.GetProperty("keys")[0];
        var kid = jwks.GetProperty("kid").GetString();
        var hs = Base64UrlEncoder.Encode($$"""{"alg":"HS256","typ":"JWT","kid":"{{kid}}"}""") + "." + good[1];
        var publicKey = Base64UrlEncoder.DecodeBytes(jwks.GetProperty("x").GetString());
        string[] bad =
        [
            "nonsense",
            $"{Base64UrlEncoder.Encode($$"""{"alg":"none","kid":"{{kid}}"}""")}.{good[1]}.",
            $"{hs}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(publicKey, Encoding.ASCII.GetBytes(hs)))}",
            $"{good[0]}.{Base64UrlEncoder.Encode("""{"aud":"controlbus","world_id":"w2","strategy_id":"","topics":["policy"],"exp":9999999999}""")}.{good[2]}",
        ];
        var before = _metrics["ws_auth_failures_total"];

        foreach (var token in bad)
        {
            using var socket = await ConnectAsync(token);
            Assert.Equal((WebSocketCloseStatus.PolicyViolation, "E_TOKEN_INVALID"), await ClosedAsync(socket));
        }

        Assert.True(_metrics["ws_auth_failures_total"] >= before + bad.Length);
    }

    [Fact]
    public async Task Connect_AskingForAnotherWorldThanTheToken_IsRefused()
    {
        using var socket = await ConnectAsync($"{SocketUrl}?world_id=w2&token={await TokenAsync("w1", "policy")}", token: null);

        Assert.Equal((WebSocketCloseStatus.PolicyViolation, "E_PERMISSION_DENIED"), await ClosedAsync(socket));
        var sse = await _gateway.GetAsync($"/events?world_id=w2&token={await TokenAsync("w1", "policy")}");
        Assert.Equal("E_PERMISSION_DENIED", sse.Code);
    }

    [Fact]
    public async Task Describe_AWorldThatTheCallerMayNotRead_IsRefused()
    {
        _peers.Worlds.Failure = new RefusalException(ReasonCodes.PermissionDenied, "Needs the role reader.");

        var answer = await _gateway.PostAsync("/events/subscribe", new EventStreamRequest { WorldId = "w2" });

        Assert.Equal((403, "E_PERMISSION_DENIED"), ((int)answer.Status, answer.Code));
    }

    [Fact]
    public async Task Describe_NoWorldOrNoKnownTopic_IsRefused()
    {
        Assert.Equal("E_INVALID_ARGUMENT", (await _gateway.PostAsync("/events/subscribe", new EventStreamRequest())).Code);
        Assert.Equal("E_INVALID_ARGUMENT", (await _gateway.PostAsync("/events/subscribe", new EventStreamRequest { WorldId = "w1", Topics = { "nonsense" } })).Code);
    }

    [Fact]
    public async Task Attackers_OversizedUnfinishedAndDrippingClients_AreClosedCountedAndLeaveNothing()
    {
        var token = await TokenAsync("w1", "risk");
        await ClosedAsync(await OversizedAsync(token));

        for (var round = 0; round < 5; round++)
        {
            using var oversized = await OversizedAsync(token);
            Assert.Equal(WebSocketCloseStatus.MessageTooBig, (await ClosedAsync(oversized)).Status);
            using var unfinished = await ConnectAsync(token);
            await unfinished.SendAsync("{"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: false, CancellationToken.None).Within();
            await GoneAsync(unfinished);
            // One byte of a frame and nothing more: not even pings are answered.
            using var dripping = await RawAsync(token);
            await dripping.SendAsync(new byte[] { 0x81 });
            await GoneAsync(dripping);
        }

        await TimeLimits.EventuallyAsync(() => _gateway.Subscribers == 0, what: "everybody gone");
        Assert.True(_metrics["ws_disconnects_total"] >= 15);
    }

    [Fact]
    public async Task Attackers_ManyBadTokens_LeaveNoMemoryBehind()
    {
        async Task RoundAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                using var socket = await ConnectAsync("nonsense");
                await ClosedAsync(socket);
            }
        }

        await RoundAsync(100);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await RoundAsync(400);

        await TimeLimits.EventuallyAsync(() => GC.GetTotalMemory(forceFullCollection: true) - before < 8_000_000, what: "the memory given back");
        Assert.Equal(0, _gateway.Subscribers);
    }

    [Fact]
    public async Task Schema_NamesEveryEventAStreamMayCarry()
    {
        var answer = await _gateway.GetAsync("/events/schema");

        var activation = answer.Json.GetProperty("activation_updated");
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", activation.GetProperty("$schema").GetString());
        Assert.Equal("activation_updated", activation.GetProperty("properties").GetProperty("type").GetProperty("const").GetString());
        var payload = activation.GetProperty("$defs").GetProperty("ActivationUpdated").GetProperty("properties");
        Assert.Equal(("boolean", "integer", "date-time"), (payload.GetProperty("freeze").GetProperty("type").GetString(), payload.GetProperty("sequence").GetProperty("type").GetString(), payload.GetProperty("ts").GetProperty("format").GetString()));
        foreach (var type in Qmtl.Messaging.Events.EventCatalog.All.Where(type => Qmtl.Gateway.Events.EventTopics.Relayed.Contains(type.Topic, StringComparer.Ordinal)))
            Assert.True(answer.Json.TryGetProperty(type.Name, out _), type.Name);
    }

    private string SocketUrl => new UriBuilder(new Uri(_gateway.Http.BaseAddress!, "/ws/evt")) { Scheme = "ws" }.Uri.ToString();

    private async Task<JsonElement> DescribeAsync(string world, string strategy, params string[] topics)
    {
        var answer = await _gateway.PostAsync("/events/subscribe", new EventStreamRequest { WorldId = world, StrategyId = strategy, Topics = { topics } });
        Assert.Equal(200, (int)answer.Status);
        return answer.Json;
    }

    private async Task<string> TokenAsync(string world, params string[] topics) => (await DescribeAsync(world, "", topics)).GetProperty("token").GetString()!;

    private Task<ClientWebSocket> ConnectAsync(string token) => ConnectAsync(SocketUrl, token);

    private static async Task<ClientWebSocket> ConnectAsync(string url, string? token)
    {
        var socket = new ClientWebSocket();
        // A token that is not even of the form of ours cannot come as a bearer: that header may be somebody else's.
        if (token is not null) url += (url.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "token=" + Uri.EscapeDataString(token);
        await socket.ConnectAsync(new Uri(url), CancellationToken.None).Within();
        return socket;
    }

    private async Task<ClientWebSocket> OversizedAsync(string token)
    {
        var socket = await ConnectAsync(token);
        await socket.SendAsync(new byte[4_096], WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).Within();
        return socket;
    }

    /// <summary>A WebSocket of which only the handshake is proper.</summary>
    private async Task<Socket> RawAsync(string token)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", _gateway.Http.BaseAddress!.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /ws/evt?token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        return socket;
    }

    private static async Task SendAsync(ClientWebSocket socket, string text) => await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).Within();

    private static async Task<JsonElement> ReadAsync(ClientWebSocket socket, string? type = null)
    {
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None).AsTask().Within();
                length += part.Count;
            }
            while (!part.EndOfMessage);
            var message = JsonDocument.Parse(buffer.AsMemory(0, length)).RootElement.Clone();
            if (type is null || message.GetProperty("type").GetString() == type) return message;
        }
    }

    private static async Task<(WebSocketCloseStatus? Status, string? Reason)> ClosedAsync(ClientWebSocket socket)
    {
        var buffer = new byte[64 * 1024];
        while ((await socket.ReceiveAsync(buffer, CancellationToken.None).Within()).MessageType != WebSocketMessageType.Close)
        {
            // What was under way before.
        }

        return (socket.CloseStatus, socket.CloseStatusDescription);
    }

    private static async Task GoneAsync(ClientWebSocket socket)
    {
        try
        {
            await ClosedAsync(socket);
        }
        catch (WebSocketException)
        {
            // Cut off, as it should be.
        }
    }

    private static async Task GoneAsync(Socket socket)
    {
        var buffer = new byte[4_096];
        try
        {
            while (await socket.ReceiveAsync(buffer).Within() > 0)
            {
                // The handshake, and pings.
            }
        }
        catch (SocketException)
        {
            // Cut off, as it should be.
        }
    }

    /// <summary>The sums of counters, of every gateway of this process.</summary>
    private sealed class MetricWatch : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Dictionary<string, double> _sums = new(StringComparer.Ordinal);
        private readonly Lock _gate = new();

        public MetricWatch(string meter)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == meter) listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument.Name, value));
            _listener.Start();
        }

        public double this[string name]
        {
            get
            {
                lock (_gate) return _sums.GetValueOrDefault(name);
            }
        }

        public void Dispose() => _listener.Dispose();

        private void Add(string name, double value)
        {
            lock (_gate) _sums[name] = _sums.GetValueOrDefault(name) + value;
        }
    }
}

/// <summary>Tests that measure their whole process run when no other does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
