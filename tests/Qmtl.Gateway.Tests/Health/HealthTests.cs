using System.Net;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Testing;

namespace Qmtl.Gateway.Tests.Health;

public sealed class HealthTests : IAsyncLifetime
{
    private Peers _peers = null!;
    private GatewayHost _gateway = null!;

    public async Task InitializeAsync()
    {
        _peers = await Peers.StartAsync();
        _gateway = await GatewayHost.StartAsync(GatewayHost.Sqlite(), _peers.Address);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _peers.DisposeAsync();
    }

    [Fact]
    public async Task Health_EverythingAnswers_IsOkAndNamesItsCapabilities()
    {
        var health = await _gateway.GetAsync("/health");
        var status = await _gateway.GetAsync("/status");

        Assert.Equal(("ok", "ok", "ok", "ok"), (health.Text("status"), health.Text("postgres"), health.Text("dagmanager"), health.Text("worldservice")));
        Assert.Equal(1, health.Json.GetProperty("capabilities").GetProperty("rebalance_schema_version").GetInt32());
        Assert.Equal(("NORMAL", "True"), (status.Text("degrade_level"), status.Text("enforce_live_guard")));
    }

    [Fact]
    public async Task Health_OneAwayThenTwo_DegradesAndRefusesSubmissions()
    {
        _peers.Graph.Failure = new RefusalException(ReasonCodes.GraphUnavailable, "Away.");
        var one = await _gateway.GetAsync("/status");
        _peers.Worlds.Delay = TimeSpan.FromSeconds(20);
        await TimeLimits.EventuallyAsync(async () => (await _gateway.GetAsync("/status")).Text("degrade_level") == "MINIMAL");
        var two = await _gateway.GetAsync("/health");

        var refused = await _gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)));

        Assert.Equal(("PARTIAL", "error", "ok"), (one.Text("degrade_level"), one.Text("dagmanager"), one.Text("worldservice")));
        Assert.Equal(("degraded", "timeout"), (two.Text("status"), two.Text("worldservice")));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "E_DEGRADED", "5"), (refused.Status, refused.Code, refused.Header("Retry-After")));
        Assert.Equal(0, await _gateway.KeptAsync());
    }

    [Fact]
    public async Task Queues_ByTag_ComeFromDagManagerWithItsRefusals()
    {
        var found = await _gateway.GetAsync("/queues/by_tag?tags=a&tags=b&interval=60");
        var refused = await _gateway.GetAsync("/queues/by_tag?tags=a");

        Assert.Equal("a.b", found.Json.GetProperty("queues")[0].GetProperty("queue").GetString());
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "E_INVALID_ARGUMENT"), (refused.Status, refused.Code));
        Assert.Equal("/interval", refused.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    [Fact]
    public async Task Http_UnknownFieldWrongTypeAndBrokenJson_AreTypedRefusals()
    {
        var unknown = await _gateway.SendAsync(HttpMethod.Post, "/strategies", """{"dag_jsn":""}""");
        var broken = await _gateway.SendAsync(HttpMethod.Post, "/strategies", "{");
        var type = await _gateway.SendAsync(HttpMethod.Post, "/strategies", "<a/>", "application/xml");

        Assert.Equal(("E_UNKNOWN_FIELD", "/dag_jsn"), (unknown.Code, unknown.Json.GetProperty("errors")[0].GetProperty("pointer").GetString()));
        Assert.Equal(("E_INVALID_JSON", "1"), (broken.Code, broken.Text("line")));
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "E_CONTENT_TYPE"), (type.Status, type.Code));
    }

    [Fact]
    public async Task Trace_OfASubmission_ReachesDagManager()
    {
        var trace = System.Diagnostics.ActivityTraceId.CreateRandom().ToHexString();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/strategies")
        {
            Content = new StringContent(Protos.ProtoJson.Write(GatewayHost.Submission(GatewayHost.Graph(10))), System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("traceparent", $"00-{trace}-{System.Diagnostics.ActivitySpanId.CreateRandom().ToHexString()}-01");

        using var response = await _gateway.Http.SendAsync(request).Within();

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(trace, Assert.Single(_peers.Graph.Traces));
        Assert.Contains(trace, await Storage.DatabaseExtensions.ScalarAsync<string>(_gateway.Database, "SELECT headers FROM bus_log"), StringComparison.Ordinal);
    }
}
