using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Qmtl.Gateway.Fills;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Storage;

namespace Qmtl.Gateway.Tests.Fills;

/// <summary>Fills over HTTP: who may report one, what one must say, and that each is kept once.</summary>
public sealed class FillTests : IAsyncLifetime
{
    private const string Secret = "a secret that only tests and venues know";
    private Peers _peers = null!;
    private GatewayHost _gateway = null!;
    private int _nonces;

    public async Task InitializeAsync()
    {
        _peers = await Peers.StartAsync();
        _peers.Worlds.Bound.Enqueue(("w1", "s1"));
        _peers.Worlds.Bound.Enqueue(("w1", "s2"));
        _gateway = await GatewayHost.StartAsync(GatewayHost.Sqlite(), _peers.Address, ("Gateway:Fills:Secret", Secret));
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _peers.DisposeAsync();
    }

    [Fact]
    public async Task Token_OfAnOperator_ReportsAFill_WhichIsKeptWithItsLogRecord()
    {
        var token = await TokenAsync("s1");

        var answer = await PostAsync(Event(Fill()), ("Authorization", "Bearer " + token));

        Assert.Equal((HttpStatusCode.Accepted, "accepted", "o1"), (answer.Status, answer.Text("status"), answer.Text("order_id")));
        var record = Assert.Single(await _gateway.Database.QueryAsync<(string Key, string Type)>("SELECT message_key, message_type FROM bus_log WHERE topic = 'trade.fills'"));
        Assert.Equal(("w1|s1|BTCUSDT|o1", "fill"), record);
    }

    [Fact]
    public async Task Copy_OfAFill_IsADuplicate_AndAnotherFillInItsPlaceIsRefused()
    {
        var token = ("Authorization", "Bearer " + await TokenAsync("s1"));
        await PostAsync(Event(Fill()), token);

        var copy = await PostAsync(Event(Fill(), id: "another-envelope"), token);
        var other = await PostAsync(Event(Fill(fill => fill["price"] = 2)), token);
        var next = await PostAsync(Event(Fill(fill => fill["seq"] = 2)), token);

        Assert.Equal((HttpStatusCode.Accepted, "duplicate"), (copy.Status, copy.Text("status")));
        Assert.Equal((HttpStatusCode.Conflict, "E_ETAG_CONFLICT"), (other.Status, other.Code));
        Assert.Equal("accepted", next.Text("status"));
        Assert.Equal((2, 2), (await _gateway.CountAsync("gw_fills"), await _gateway.Database.ScalarAsync<int>("SELECT COUNT(*) FROM bus_log WHERE topic = 'trade.fills'")));
    }

    [Fact]
    public async Task Copies_SentAtOnce_AreKeptOnce()
    {
        var token = ("Authorization", "Bearer " + await TokenAsync("s1"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(number => PostAsync(Event(Fill(fill => fill["seq"] = (number % 3) + 1)), token)));

        Assert.Equal(3, answers.Count(answer => answer.Text("status") == "accepted"));
        Assert.Equal([1, 2, 3], await _gateway.Database.QueryAsync<long>("SELECT fill_offset FROM gw_fills ORDER BY fill_offset"));
    }

    [Fact]
    public async Task Signature_OfNow_ReportsAFill_Once()
    {
        var body = Event(Fill());
        var headers = Signed(body);

        Assert.Equal("accepted", (await PostAsync(body, headers)).Text("status"));
        var replayed = await PostAsync(body, headers);
        Assert.Equal("duplicate", (await PostAsync(body, Signed(body))).Text("status"));

        Assert.Equal((HttpStatusCode.Unauthorized, "E_AUTH"), (replayed.Status, replayed.Code));
    }

    public static TheoryData<string> Tampered => ["body", "X-World-ID", "X-Strategy-ID", "X-Timestamp", "X-Nonce", "X-Signature", "old", "secret", "none"];

    [Theory]
    [MemberData(nameof(Tampered))]
    public async Task Signature_OfAnythingElse_IsRefused(string what)
    {
        var body = Event(Fill());
        var headers = what switch
        {
            "old" => Signed(body, age: TimeSpan.FromMinutes(6)),
            "secret" => Signed(body, secret: "another secret of more than 32 bytes, too"),
            "none" => [],
            _ => Signed(body),
        };
        if (what == "body") body = Event(Fill(fill => fill["quantity"] = 100));
        for (var index = 0; index < headers.Length; index++)
        {
            if (headers[index].Name == what) headers[index].Value = what switch { "X-World-ID" => "w2", "X-Strategy-ID" => "s2", "X-Signature" => new string('0', 64), _ => headers[index].Value + "1" };
        }

        var answer = await PostAsync(body, headers);

        Assert.Equal((HttpStatusCode.Unauthorized, "E_AUTH"), (answer.Status, answer.Code));
        Assert.Equal(0, await _gateway.CountAsync("gw_fills"));
    }

    [Fact]
    public async Task Signature_WithoutIds_SaysSo()
    {
        var body = Event(Fill());
        var answer = await PostAsync(body, [.. Signed(body).Where(header => header.Name != "X-Strategy-ID")]);

        Assert.Equal((HttpStatusCode.BadRequest, "E_MISSING_IDS"), (answer.Status, answer.Code));
    }

    public static TheoryData<string, string, string> Wrong => new()
    {
        { "{", "E_INVALID_JSON", "" },
        { "[]", "E_CE_REQUIRED", "" },
        { """{"specversion":"0.3","id":"1","type":"t","source":"s","data":{}}""", "E_CE_REQUIRED", "/specversion" },
        { """{"specversion":"1.0","type":"t","source":"s","data":{}}""", "E_CE_REQUIRED", "/id" },
        { """{"specversion":"1.0","id":"1","type":"t","source":"s","data":[]}""", "E_CE_REQUIRED", "/data" },
        { "quantity=0", "E_SCHEMA_INVALID", "/data/quantity" },
        { "price=-1", "E_SCHEMA_INVALID", "/data/price" },
        { "side=\"HOLD\"", "E_SCHEMA_INVALID", "/data/side" },
        { "status=\"done\"", "E_SCHEMA_INVALID", "/data/status" },
        { "order_id=\"a|b\"", "E_SCHEMA_INVALID", "/data/order_id" },
        { "seq=0", "E_SCHEMA_INVALID", "/data/seq" },
        { "fill_time=null", "E_SCHEMA_INVALID", "/data/fill_time" },
        { "price=\"NaN\"", "E_SCHEMA_INVALID", "/data/price" },
        { "surprise=1", "E_SCHEMA_INVALID", "/data/surprise" },
        { "world_id=\"w2\"", "E_PERMISSION_DENIED", "/data/world_id" },
        { "strategy_id=\"s2\"", "E_PERMISSION_DENIED", "/data/strategy_id" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task Body_Wrong_IsRefusedNamingThePlace(string change, string code, string pointer)
    {
        var body = change;
        if (change.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && change[0] != '{')
            body = Event(Fill(fill => fill[change[..at]] = JsonNode.Parse(change[(at + 1)..])));

        var answer = await PostAsync(body, ("Authorization", "Bearer " + await TokenAsync("s1")));

        Assert.Equal(code, answer.Code);
        if (pointer.Length > 0) Assert.Contains(pointer, answer.Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()));
        Assert.Equal(0, await _gateway.CountAsync("gw_fills"));
    }

    [Fact]
    public async Task Token_ForAnythingElse_IsRefused()
    {
        Assert.Equal("E_TOKEN_INVALID", (await PostAsync(Event(Fill()), ("Authorization", "Bearer abc"))).Code);
        Assert.Equal("E_STRATEGY_UNKNOWN", (await _gateway.SendAsync(HttpMethod.Post, "/fills/token", """{"world_id":"w1","strategy_id":"nobody"}""")).Code);
        Assert.Equal("E_WORLD_UNKNOWN", (await _gateway.SendAsync(HttpMethod.Post, "/fills/token", """{"world_id":"nowhere","strategy_id":"s1"}""")).Code);
    }

    [Fact]
    public async Task Strategy_TakenOutOfItsWorld_ReportsItsLastFills_AndAnUnknownOneNone()
    {
        var body = Event(Fill());
        await PostAsync(body, Signed(body));
        _peers.Worlds.Bound.Clear();
        await using var second = await GatewayHost.StartAsync(GatewayHost.Sqlite(), _peers.Address, ("Gateway:Fills:Secret", Secret));

        var last = Event(Fill(fill => fill["seq"] = 2));
        Assert.Equal("accepted", (await PostAsync(last, Signed(last))).Text("status"));
        var unknown = await second.SendAsync(HttpMethod.Post, "/fills", body, headers: Signed(body));

        Assert.Equal((HttpStatusCode.NotFound, "E_STRATEGY_UNKNOWN"), (unknown.Status, unknown.Code));
    }

    [Fact]
    public async Task WorldService_ThatDoesNotAnswer_IsNoReasonToBelieve()
    {
        _peers.Worlds.Failure = new Grpc.Core.RpcException(new Grpc.Core.Status(Grpc.Core.StatusCode.Unavailable, "down"));
        var body = Event(Fill());

        var answer = await PostAsync(body, Signed(body));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "E_UNAVAILABLE", "5"), (answer.Status, answer.Code, answer.Header("Retry-After")));
        Assert.Equal(0, await _gateway.CountAsync("gw_fills") + await _gateway.CountAsync("gw_fill_nonces"));
    }

    [Fact]
    public async Task Replay_ReadsPagesInOrder_OfOneWorldAndStrategy()
    {
        foreach (var (strategy, count) in new[] { ("s1", 3), ("s2", 2) })
        {
            for (var number = 1; number <= count; number++)
            {
                var body = Event(Fill(fill => (fill["seq"], fill["strategy_id"]) = (number, strategy)));
                Assert.Equal("accepted", (await PostAsync(body, Signed(body, strategy: strategy))).Text("status"));
            }
        }

        var first = await _gateway.GetAsync("/fills/replay?world_id=w1&limit=2");
        var rest = await _gateway.GetAsync($"/fills/replay?world_id=w1&after={first.Text("next_after")}");
        var own = await _gateway.GetAsync("/fills/replay?world_id=w1&strategy_id=s2&since=2020-01-01T00:00:00Z");

        Assert.Equal("true", first.Text("more"), ignoreCase: true);
        Assert.Equal([1, 2], Offsets(first));
        Assert.Equal([3, 4, 5], Offsets(rest));
        Assert.Equal([4, 5], Offsets(own));
        Assert.Empty(Offsets(await _gateway.GetAsync("/fills/replay?world_id=w1&since=2100-01-01T00:00:00Z")));
        Assert.Empty(Offsets(await _gateway.GetAsync("/fills/replay?world_id=w2")));
        Assert.Equal("E_INVALID_ARGUMENT", (await _gateway.GetAsync("/fills/replay")).Code);
    }

    private static int[] Offsets(Answer answer) => [.. answer.Json.GetProperty("fills").EnumerateArray().Select(fill => fill.GetProperty("offset").GetInt32())];

    private async Task<string> TokenAsync(string strategy) =>
        (await _gateway.SendAsync(HttpMethod.Post, "/fills/token", $$"""{"world_id":"w1","strategy_id":"{{strategy}}"}""")).Text("token");

    private Task<Answer> PostAsync(string body, params (string Name, string Value)[] headers) => _gateway.SendAsync(HttpMethod.Post, "/fills", body, headers: headers);

    private (string Name, string Value)[] Signed(string body, TimeSpan age = default, string secret = Secret, string strategy = "s1")
    {
        var time = (DateTimeOffset.UtcNow - age).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var headers = new SignedHeaders("", time, $"nonce-of-a-test-{Interlocked.Increment(ref _nonces)}", "w1", strategy);
        return
        [
            ("X-Signature", FillSignature.Sign(secret, headers, Encoding.UTF8.GetBytes(body))), ("X-Timestamp", time), ("X-Nonce", headers.Nonce), ("X-World-ID", "w1"), ("X-Strategy-ID", strategy),
        ];
    }

    private static string Event(JsonObject fill, string id = "e1") => new JsonObject { ["specversion"] = "1.0", ["id"] = id, ["type"] = "trade.fill", ["source"] = "venue", ["time"] = "2026-01-01T00:00:00Z", ["data"] = fill }.ToJsonString();

    private static JsonObject Fill(Action<JsonObject>? change = null)
    {
        var fill = new JsonObject { ["order_id"] = "o1", ["symbol"] = "BTCUSDT", ["side"] = "buy", ["quantity"] = 0.5, ["price"] = 100, ["commission"] = 0.05, ["tif"] = "GTC", ["fill_time"] = "2026-01-01T00:00:00Z", ["status"] = "filled", ["seq"] = 1 };
        change?.Invoke(fill);
        return fill;
    }
}
