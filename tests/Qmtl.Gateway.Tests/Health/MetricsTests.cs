using Qmtl.Gateway.Tests.Kit;
using Qmtl.Testing;

namespace Qmtl.Gateway.Tests.Health;

/// <summary>Meters are the process's: the gauge of another host, which saw no submission, would be read instead of this one's. So these run by themselves.</summary>
[CollectionDefinition(nameof(MetricsTests), DisableParallelization = true)]
[Collection(nameof(MetricsTests))]
public sealed class MetricsTests : FreshGateway
{
    [Fact]
    public async Task Metrics_AfterSubmissions_HaveTheirNames()
    {
        var submission = GatewayHost.Submission(GatewayHost.Graph(10));
        await Gateway.PostAsync("/strategies", submission);
        submission.NodeIdsCrc32 = 7;
        await Gateway.PostAsync("/strategies", submission);
        await Gateway.GetAsync("/worlds/w1");
        await Gateway.GetAsync("/worlds/w1/decide");

        var lines = (await Gateway.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)).Within()).Split('\n');

        double Read(string name) => double.Parse(lines.First(line => line.StartsWith(name + " ", StringComparison.Ordinal) || line.StartsWith(name + "{", StringComparison.Ordinal)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(Read("gateway_e2e_latency_p95") > 0);
        Assert.True(Read("gateway_e2e_latency_count") >= 1);
        Assert.True(Read("nodeid_checksum_mismatch_total") >= 1);
        foreach (var name in new[] { "lost_requests_total", "degrade_level", "worlds_breaker_state", "worlds_breaker_failures", "worlds_cache_hit_ratio", "worlds_proxy_requests_total", "worlds_proxy_latency_p95", "ws_subscribers", "worlds_stale_responses_total" })
            Assert.True(Read(name) >= 0, name);
    }
}
