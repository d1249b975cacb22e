using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Grpc.Core;
using Grpc.Net.Client;
using Qmtl.Standalone;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.CoreLoop.Tests.Access;

/// <summary>Who may do what, asked at the Gateway with tokens of an identity provider, and told by the audit.</summary>
public sealed class AccessTests : IAsyncLifetime, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qmtl-access-").FullName;
    private TestIssuer _issuer = null!;
    private EmbeddedStack _stack = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _issuer = await TestIssuer.StartAsync();
        _stack = await EmbeddedStack.StartAsync(_folder, new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Auth:Mode"] = "token",
            ["Auth:Authority"] = _issuer.Address,
            ["Auth:Audience"] = "qmtl",
        });
        _http = new HttpClient { BaseAddress = _stack.GatewayHttp, Timeout = TimeSpan.FromSeconds(30) };
        foreach (var world in new[] { "w1", "w2" })
            Assert.Equal(201, (await SendAsync(HttpMethod.Post, "/worlds", $$"""{"id":"{{world}}"}""", _issuer.Token("root", ("*", "owner")))).Status);
    }

    public async Task DisposeAsync()
    {
        await _stack.DisposeAsync();
        await _issuer.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public void Dispose() => _http?.Dispose();

    /// <summary>What is asked, and the role it needs in w1; an empty role is enough to be known.</summary>
    public static TheoryData<string, string, string, string> Rows => new()
    {
        { "GET", "/status", "", "" },
        { "GET", "/worlds/w1", "", "reader" },
        { "GET", "/worlds/w1/decide", "", "reader" },
        { "GET", "/worlds/w1/activation?strategy_id=s&side=long", "", "reader" },
        { "GET", "/worlds/w1/audit", "", "reader" },
        { "GET", "/strategies?world=w1", "", "reader" },
        { "GET", "/queues/by_tag?tags=btc&interval=60&world_id=w1", "", "reader" },
        { "POST", "/worlds/w1/bindings", """{"strategies":["s"]}""", "operator" },
        { "PUT", "/worlds/w1/activation", """{"strategy_id":"s","side":"long","active":false}""", "operator" },
        { "POST", "/worlds/w1/apply", """{"run_id":"r1"}""", "operator" },
        { "POST", "/strategies", """{"world_ids":["w1"]}""", "operator" },
        { "POST", "/worlds/w1/policies", """{"thresholds":{"s":{"metric":"sharpe","min":0}}}""", "owner" },
        { "PUT", "/worlds/w1", """{"description":"x"}""", "owner" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Call_ByEveryRole_IsDeniedExactlyBelowTheOneItNeeds(string method, string path, string body, string needed)
    {
        string[] order = ["", "reader", "operator", "owner"];
        (string Roles, string Has)[] callers = [("{}", ""), ("""{"w2":"owner"}""", ""), ("""{"w1":"reader"}""", "reader"), ("""{"w1":"operator","w2":"reader"}""", "operator"), ("""{"w1":"owner"}""", "owner"), ("""{"*":"owner"}""", "owner")];
        var wrong = new List<string>();
        foreach (var (roles, has) in callers)
        {
            var claims = _issuer.Claims("ann");
            claims["qmtl_roles"] = JsonDocument.Parse(roles).RootElement.Deserialize<System.Text.Json.Nodes.JsonNode>();
            var answer = await SendAsync(new HttpMethod(method), path, body, _issuer.Sign(claims, has.Length % 2 == 0 ? "ES256" : "RS256"));
            var denied = answer.Status == 403 && answer.Code == "E_PERMISSION_DENIED";
            if (denied != Array.IndexOf(order, has) < Array.IndexOf(order, needed)) wrong.Add($"{roles}: {answer.Status} {answer.Text}");
            if (answer.Status is 401 or >= 500) wrong.Add($"{roles}: {answer.Status} {answer.Text}");
        }

        Assert.Equal(401, (await SendAsync(new HttpMethod(method), path, body, token: null)).Status);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task Audit_NamesWhoSigned_NotWhoTheHeadersName()
    {
        var token = _issuer.Token("jörg@example.org", ("w1", "owner"));
        (string, string)[] spoofed = [("X-Caller-Sub", "mallory"), ("X-World-Roles", "*:owner"), ("X-Caller-Claims", """{"sub":"mallory"}""")];

        Assert.Equal(200, (await SendAsync(HttpMethod.Put, "/worlds/w1", """{"description":"x"}""", token, spoofed)).Status);
        var denied = await SendAsync(HttpMethod.Put, "/worlds/w2", """{"description":"x"}""", token, spoofed);

        Assert.Equal((403, "E_PERMISSION_DENIED"), (denied.Status, denied.Code));
        var root = _issuer.Token("root", ("*", "owner"));
        Assert.Equal("jörg@example.org", await ActorAsync("w1", root));
        Assert.Equal("jörg@example.org", await ActorAsync("w2", root));
    }

    [Fact]
    public async Task List_ShowsOnlyTheCallersWorlds()
    {
        var seen = await SendAsync(HttpMethod.Get, "/worlds", "", _issuer.Token("ann", ("w2", "reader")));

        Assert.Equal(["w2"], seen.Json.GetProperty("worlds").EnumerateArray().Select(world => world.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Events_OfAnotherWorld_AreRefused()
    {
        var ann = _issuer.Token("ann", ("w1", "reader"));

        Assert.Equal(403, (await SendAsync(HttpMethod.Get, "/events?world_id=w2", "", ann)).Status);
        Assert.Equal(403, (await SendAsync(HttpMethod.Get, "/events", "", ann)).Status);
        Assert.Equal(403, (await SendAsync(HttpMethod.Get, "/queues/by_tag?tags=btc&interval=60&world_id=w2", "", ann)).Status);
        Assert.Equal(403, (await SendAsync(HttpMethod.Get, "/queues/by_tag?tags=btc&interval=60", "", ann)).Status);
    }

    [Fact]
    public async Task Services_CalledDirectly_AskForTheSame()
    {
        using var channel = GrpcChannel.ForAddress(_stack.GatewayGrpc);
        var (worlds, graph) = (new V1.WorldService.WorldServiceClient(channel), new V1.DagManager.DagManagerClient(channel));
        Metadata As(string token) => new() { { "authorization", "Bearer " + token } };
        var (reader, everything) = (As(_issuer.Token("ann", ("w1", "reader"))), As(_issuer.Token("root", ("*", "owner"))));
        var spoofed = new Metadata { { "x-caller-sub", "root" }, { "x-world-roles", "*:owner" }, { "x-service-token", "x.y.z" } };

        Assert.Equal("w1", (await worlds.GetWorldAsync(new GetWorldRequest { WorldId = "w1" }, reader)).Id);
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => worlds.GetWorldAsync(new GetWorldRequest { WorldId = "w2" }, reader).ResponseAsync));
        Assert.Equal(StatusCode.Unauthenticated, await CodeAsync(() => worlds.GetWorldAsync(new GetWorldRequest { WorldId = "w1" }, spoofed).ResponseAsync));
        Assert.Equal(StatusCode.PermissionDenied, await CodeAsync(() => graph.GetQueuesAsync(new GetQueuesRequest { Tags = { "btc" }, Interval = 60 }, reader).ResponseAsync));
        Assert.Empty((await graph.GetQueuesAsync(new GetQueuesRequest { Tags = { "btc" }, Interval = 60 }, everything)).Queues);
    }

    [Fact]
    public async Task Health_IsOpen_EverythingElseIsNot()
    {
        foreach (var path in new[] { "/health", "/health/live", "/health/ready", "/metrics" }) Assert.Equal(200, (await SendAsync(HttpMethod.Get, path, "", token: null)).Status);
        foreach (var path in new[] { "/status", "/worlds", "/strategies", "/events" })
        {
            var answer = await SendAsync(HttpMethod.Get, path, "", token: null);
            Assert.Equal((401, "E_AUTH"), (answer.Status, answer.Code));
            Assert.Equal("Bearer realm=\"qmtl\"", answer.Challenge);
        }
    }

    private async Task<string?> ActorAsync(string world, string token) =>
        (await SendAsync(HttpMethod.Get, $"/worlds/{world}/audit?limit=1", "", token)).Json.GetProperty("entries")[0].GetProperty("actor").GetString();

    private static async Task<StatusCode> CodeAsync(Func<Task> call) => (await Assert.ThrowsAsync<RpcException>(call)).StatusCode;

    private async Task<Reply> SendAsync(HttpMethod method, string path, string body, string? token, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body.Length > 0) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Add("X-Allow-Live", "true");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await _http.SendAsync(request).Within();
        return new Reply((int)response.StatusCode, await response.Content.ReadAsStringAsync().Within(), response.Headers.WwwAuthenticate.ToString());
    }

    private sealed record Reply(int Status, string Text, string Challenge)
    {
        public JsonElement Json => JsonElement.Parse(Text);

        public string? Code => Json.GetProperty("code").GetString();
    }
}
