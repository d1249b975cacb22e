using System.Net;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.Gateway.Tests.Worlds;

public sealed class WorldRouteTests : IAsyncLifetime
{
    private Peers _peers = null!;
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _peers = await Peers.StartAsync();
        _gateway = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _peers.DisposeAsync();
    }

    [Fact]
    public async Task Decide_Fresh_IsAugmentedCachedAndRevalidated()
    {
        _peers.Worlds.Mode = "live";

        var first = await _gateway.GetAsync("/worlds/w1/decide");
        var second = await _gateway.GetAsync("/worlds/w1/decide");
        var unchanged = await _gateway.GetAsync("/worlds/w1/decide", ("If-None-Match", "\"d1\""));

        Assert.Equal(("live", "live", "\"d1\"", "max-age=300"), (first.Text("effective_mode"), first.Text("execution_domain"), first.Response.Headers.ETag?.Tag, first.Header("Cache-Control")));
        Assert.Equal("live", first.Json.GetProperty("compute_context").GetProperty("execution_domain").GetString());
        Assert.Null(first.Header("X-Stale"));
        Assert.Equal(first.Json.ToString(), second.Json.ToString());
        Assert.Equal(HttpStatusCode.NotModified, unchanged.Status);
        Assert.Equal(1, _peers.Worlds.Decides);
    }

    [Fact]
    public async Task Decide_TtlOfZero_IsNotCached()
    {
        _peers.Worlds.Ttl = Duration.FromTimeSpan(TimeSpan.Zero);

        await _gateway.GetAsync("/worlds/w1/decide");
        await _gateway.GetAsync("/worlds/w1/decide");

        Assert.Equal(2, _peers.Worlds.Decides);
    }

    [Fact]
    public async Task Decide_AfterAWrite_IsReadAgain()
    {
        await _gateway.GetAsync("/worlds/w1/decide");
        _peers.Worlds.Mode = "paper";

        await _gateway.PostAsync("/worlds/w1/bindings", new BindStrategiesRequest { Strategies = { "s" } });

        Assert.Equal("paper", (await _gateway.GetAsync("/worlds/w1/decide")).Text("effective_mode"));
    }

    [Fact]
    public async Task Decide_AfterAnEventOfTheWorld_IsReadAgain()
    {
        await _gateway.GetAsync("/worlds/w1/decide");
        _peers.Worlds.Mode = "paper";

        await _gateway.PublishPolicyAsync("w1", 2);

        await TimeLimits.EventuallyAsync(async () => (await _gateway.GetAsync("/worlds/w1/decide")).Text("effective_mode") == "paper");
    }

    [Fact]
    public async Task Decide_WorldServiceAway_IsStaleComputeOnlyAndComesBack()
    {
        await using var gateway = await StartAsync(("Gateway:WorldService:BreakerPause", "00:00:00.300"), ("Gateway:WorldService:Timeout", "00:00:00.300"));
        _peers.Worlds.Mode = "live";
        _peers.Worlds.Ttl = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(50));
        await gateway.GetAsync("/worlds/w1/decide");
        await Task.Delay(100);
        _peers.Worlds.Failure = new RefusalException(ReasonCodes.Unavailable, "Away.");

        var known = await gateway.GetAsync("/worlds/w1/decide");
        var unknown = await gateway.GetAsync("/worlds/w2/decide");

        Assert.Equal(HttpStatusCode.OK, known.Status);
        Assert.Equal(("compute-only", "backtest", "true"), (known.Text("effective_mode"), known.Text("execution_domain"), known.Header("X-Stale")));
        Assert.Equal("110 - \"Response is stale\"", known.Header("Warning"));
        Assert.Equal("stale_decision", known.Json.GetProperty("compute_context").GetProperty("downgrade_reason").GetString());
        Assert.Equal(("compute-only", "decision_unavailable"), (unknown.Text("effective_mode"), unknown.Json.GetProperty("compute_context").GetProperty("downgrade_reason").GetString()));
        _peers.Worlds.Failure = null;
        await TimeLimits.EventuallyAsync(async () => (await gateway.GetAsync("/worlds/w1/decide")).Text("effective_mode") == "live");
    }

    [Fact]
    public async Task Decide_WorldServiceHangs_IsAnsweredInTimeAndThenLeftAlone()
    {
        await using var gateway = await StartAsync(("Gateway:WorldService:Timeout", "00:00:00.200"));
        _peers.Worlds.Delay = TimeSpan.FromSeconds(20);

        var answer = await gateway.GetAsync("/worlds/w1/decide").Within(10);
        var calls = _peers.Worlds.Decides;
        await gateway.GetAsync("/worlds/w1/decide").Within(10);

        Assert.Equal("true", answer.Header("X-Stale"));
        Assert.Equal((3, 3), (calls, _peers.Worlds.Decides));
    }

    [Fact]
    public async Task Activation_WorldServiceAway_IsInactiveWithoutWeight()
    {
        var fresh = await _gateway.GetAsync("/worlds/w1/activation?strategy_id=s&side=long");
        _peers.Worlds.Failure = new RefusalException(ReasonCodes.Unavailable, "Away.");

        var stale = await _gateway.GetAsync("/worlds/w1/activation?strategy_id=s&side=long");

        Assert.Equal(("True", "live", "\"a1\""), (fresh.Text("active"), fresh.Text("execution_domain"), fresh.Response.Headers.ETag?.Tag));
        var envelope = Protos.ProtoJson.Read<ActivationEnvelope>(stale.Json.ToString());
        Assert.Equal((false, 0.0, "compute-only", "true"), (envelope.Active, envelope.Weight, envelope.EffectiveMode, stale.Header("X-Stale")));
    }

    [Fact]
    public async Task Submit_WorldServiceAway_IsKeptAsASafeBacktestAndBoundLater()
    {
        _peers.Worlds.Failure = new RefusalException(ReasonCodes.Unavailable, "Away.");

        var answer = await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)));

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal(("True", "decision_unavailable", "True"), (answer.Text("downgraded"), answer.Text("downgrade_reason"), answer.Text("safe_mode")));
        _peers.Worlds.Failure = null;
        await _gateway.UntilAsync(answer.Text("strategy_id"), "completed");
        Assert.Equal(answer.Text("strategy_id"), Assert.Single(_peers.Worlds.Bound).Strategy);
        Assert.Equal("backtest", Assert.Single(_peers.Graph.Diffs).ExecutionDomain);
    }

    [Fact]
    public async Task UnknownWorld_OnAnyRoute_IsATypedRefusal()
    {
        foreach (var path in new[] { "/worlds/nowhere", "/worlds/nowhere/decide", "/worlds/nowhere/activation?strategy_id=s&side=long" })
        {
            var answer = await _gateway.GetAsync(path);
            Assert.Equal((HttpStatusCode.NotFound, "E_WORLD_UNKNOWN"), (answer.Status, answer.Code));
        }
    }

    [Fact]
    public async Task Proxy_ReadOfAWorld_PassesOnWhoAsksAndNothingElse()
    {
        var answer = await _gateway.GetAsync("/worlds/w1", ("X-Caller-Sub", "ann"), ("X-World-Roles", "owner"), ("X-Caller-Claims", "{}"), ("X-Correlation-ID", "c-1"), ("X-Secret", "s"));

        Assert.Equal("w1", answer.Text("id"));
        Assert.Equal("c-1", answer.Header("X-Correlation-ID"));
        var headers = Assert.Single(_peers.Worlds.Headers);
        Assert.Equal(("local", "*:owner", "c-1"), (headers.GetValue("x-caller-sub"), headers.GetValue("x-world-roles"), headers.GetValue("x-correlation-id")));
        Assert.Null(headers.GetValue("x-caller-claims") ?? headers.GetValue("x-secret"));
    }

    [Fact]
    public async Task Apply_WithoutSayingLive_IsRefused()
    {
        var apply = new ApplyRequest { RunId = "r1" };

        var refused = await _gateway.PostAsync("/worlds/w1/apply", apply);
        var allowed = await _gateway.PostAsync("/worlds/w1/apply", apply, ("X-Allow-Live", "true"));
        await using var open = await StartAsync(("Gateway:WorldService:EnforceLiveGuard", "false"));

        Assert.Equal((HttpStatusCode.Forbidden, "E_PERMISSION_DENIED"), (refused.Status, refused.Code));
        Assert.Equal(HttpStatusCode.OK, allowed.Status);
        Assert.Equal(HttpStatusCode.OK, (await open.PostAsync("/worlds/w1/apply", apply)).Status);
    }

    [Theory]
    [InlineData("/worlds/w1/promotions/live/apply")]
    [InlineData("/worlds/w1/promotions/live/auto-apply")]
    [InlineData("/rebalancing/apply")]
    public async Task LiveRoutes_WithoutSayingLive_AreRefused(string path)
    {
        var answer = await _gateway.SendAsync(HttpMethod.Post, path, "{}");

        Assert.Equal((HttpStatusCode.Forbidden, "E_PERMISSION_DENIED"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task PutActivation_ThatMayGoLive_NeedsTheHeader()
    {
        _peers.Worlds.Mode = "live";
        static string Entry(string more) => $$"""{"strategy_id":"s","side":"long"{{more}}}""";
        Task<Answer> PutAsync(string more, params (string, string)[] headers) => _gateway.SendAsync(HttpMethod.Put, "/worlds/w1/activation", Entry(more), headers: headers);

        foreach (var refused in new[] { ""","active":true""", ""","active":true,"effective_mode":"live" """, ""","active":true,"effective_mode":"active" """ })
            Assert.Equal((HttpStatusCode.Forbidden, "E_PERMISSION_DENIED"), await CodeAsync(PutAsync(refused)));
        Assert.Empty(_peers.Worlds.Activated);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(""","active":true""", ("X-Allow-Live", "true"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(""","active":false""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync(""","active":true,"effective_mode":"paper" """)).Status);
        Assert.Equal(3, _peers.Worlds.Activated.Count);
    }

    [Fact]
    public async Task PutActivation_WorldThatIsNotLive_NeedsNoHeaderUnlessNobodyKnows()
    {
        _peers.Worlds.Mode = "paper";
        var known = await _gateway.SendAsync(HttpMethod.Put, "/worlds/w1/activation", """{"strategy_id":"s","side":"long","active":true}""");
        _peers.Worlds.DecideFailure = new RefusalException(ReasonCodes.Unavailable, "Away.");
        var unknown = await _gateway.SendAsync(HttpMethod.Put, "/worlds/w2/activation", """{"strategy_id":"s","side":"long","active":true}""");

        Assert.Equal(HttpStatusCode.OK, known.Status);
        // An entry is not pinned to a moment of its data, so what follows history stays a backtest.
        Assert.Equal(("paper", "backtest"), (known.Text("effective_mode"), known.Text("execution_domain")));
        Assert.Equal(HttpStatusCode.Forbidden, unknown.Status);
    }

    [Fact]
    public async Task Activation_WithTheVersionItHas_IsNotModifiedButAlwaysAsked()
    {
        var first = await _gateway.GetAsync("/worlds/w1/activation?strategy_id=s&side=long");

        var unchanged = await _gateway.GetAsync("/worlds/w1/activation?strategy_id=s&side=long", ("If-None-Match", first.Response.Headers.ETag!.Tag));

        Assert.Equal(HttpStatusCode.NotModified, unchanged.Status);
        Assert.Equal(2, _peers.Worlds.ActivationReads);
    }

    [Fact]
    public async Task Decide_ManyAtOnce_AskOnce()
    {
        _peers.Worlds.Delay = TimeSpan.FromMilliseconds(300);

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => _gateway.GetAsync("/worlds/w1/decide")));

        Assert.All(answers, answer => Assert.Equal("validate", answer.Text("effective_mode")));
        Assert.Equal(1, _peers.Worlds.Decides);
    }

    [Fact]
    public async Task EveryRpcOfWorldService_HasItsRouteHere()
    {
        var seen = 0;
        foreach (var rpc in WorldService.Descriptor.Methods.Where(rpc => rpc.Name != "GetHealth"))
        {
            var rule = rpc.GetOptions().GetExtension(Google.Api.AnnotationsExtensions.Http);
            var (method, path) = rule.PatternCase switch
            {
                Google.Api.HttpRule.PatternOneofCase.Get => (HttpMethod.Get, rule.Get),
                Google.Api.HttpRule.PatternOneofCase.Put => (HttpMethod.Put, rule.Put),
                Google.Api.HttpRule.PatternOneofCase.Delete => (HttpMethod.Delete, rule.Delete),
                Google.Api.HttpRule.PatternOneofCase.Patch => (HttpMethod.Patch, rule.Patch),
                _ => (HttpMethod.Post, rule.Post),
            };
            var answer = await _gateway.SendAsync(method, System.Text.RegularExpressions.Regex.Replace(path, "{[^}]*}", "1", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)), method == HttpMethod.Get || method == HttpMethod.Delete ? null : "{}");

            // Whatever the peer says to it, the gateway knows the route and the peer was asked, or the gateway says why not.
            Assert.True(answer.Status is not (HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed) || answer.Code is "E_WORLD_UNKNOWN", $"{method} {path} of {rpc.Name} is answered with {answer.Status}.");
            seen++;
        }

        Assert.True(seen >= 70);
    }

    private Task<GatewayHost> StartAsync(params (string Key, string Value)[] settings) => GatewayHost.StartAsync(GatewayHost.Sqlite(), _peers.Address, settings);

    private static async Task<(HttpStatusCode, string?)> CodeAsync(Task<Answer> answer) => ((await answer).Status, (await answer).Code);
}
