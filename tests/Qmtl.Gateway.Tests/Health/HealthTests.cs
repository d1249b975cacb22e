using System.Net;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Testing;

namespace Qmtl.Gateway.Tests.Health;

public sealed class HealthTests : FreshGateway
{
    [Fact]
    public async Task Health_EverythingAnswers_IsOkAndNamesItsCapabilities()
    {
        var health = await Gateway.GetAsync("/health");
        var status = await Gateway.GetAsync("/status");

        Assert.Equal(("ok", "ok", "ok", "ok"), (health.Text("status"), health.Text("postgres"), health.Text("dagmanager"), health.Text("worldservice")));
        Assert.Equal(2, health.Json.GetProperty("capabilities").GetProperty("rebalance_schema_version").GetInt32());
        Assert.Equal(("NORMAL", "True"), (status.Text("degrade_level"), status.Text("enforce_live_guard")));
    }

    [Fact]
    public async Task Health_OneAwayThenTwo_DegradesAndRefusesSubmissions()
    {
        Peers.Graph.Failure = new RefusalException(ReasonCodes.GraphUnavailable, "Away.");
        Answer one = null!;
        await TimeLimits.EventuallyAsync(async () => (one = await Gateway.GetAsync("/status")).Text("degrade_level") == "PARTIAL");
        Peers.Worlds.Delay = TimeSpan.FromSeconds(20);
        await TimeLimits.EventuallyAsync(async () => (await Gateway.GetAsync("/status")).Text("degrade_level") == "MINIMAL");
        var two = await Gateway.GetAsync("/health");

        var refused = await Gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)));

        Assert.Equal(("PARTIAL", "error", "ok"), (one.Text("degrade_level"), one.Text("dagmanager"), one.Text("worldservice")));
        Assert.Equal(("degraded", "timeout"), (two.Text("status"), two.Text("worldservice")));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "E_DEGRADED", "5"), (refused.Status, refused.Code, refused.Header("Retry-After")));
        Assert.Equal(0, await Gateway.KeptAsync());
    }

    [Fact]
    public async Task Queues_ByTag_ComeFromDagManagerWithItsRefusals()
    {
        var found = await Gateway.GetAsync("/queues/by_tag?tags=a&tags=b&interval=60");
        var refused = await Gateway.GetAsync("/queues/by_tag?tags=a");

        Assert.Equal("a.b", found.Json.GetProperty("queues")[0].GetProperty("queue").GetString());
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "E_INVALID_ARGUMENT"), (refused.Status, refused.Code));
        Assert.Equal("/interval", refused.Json.GetProperty("errors")[0].GetProperty("pointer").GetString());
    }

    [Fact]
    public async Task Http_UnknownFieldWrongTypeAndBrokenJson_AreTypedRefusals()
    {
        var unknown = await Gateway.SendAsync(HttpMethod.Post, "/strategies", """{"dag_jsn":""}""");
        var broken = await Gateway.SendAsync(HttpMethod.Post, "/strategies", "{");
        var type = await Gateway.SendAsync(HttpMethod.Post, "/strategies", "<a/>", "application/xml");

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

        using var response = await Gateway.Http.SendAsync(request).Within();

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(trace, Assert.Single(Peers.Graph.Traces));
        Assert.Contains(trace, await Storage.DatabaseExtensions.ScalarAsync<string>(Gateway.Database, "SELECT headers FROM bus_log WHERE topic = 'gateway.ingest'"), StringComparison.Ordinal);
    }
}
