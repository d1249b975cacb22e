using System.Net;
using Qmtl.Gateway.Health;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Testing;

namespace Qmtl.Gateway.Tests.Health;

public sealed class DegradationTests : FreshGateway
{
    private static readonly DegradationOptions Options = new();

    [Theory]
    [InlineData(0, "Normal")]
    [InlineData(1, "Partial")]
    [InlineData(2, "Minimal")]
    [InlineData(3, "Static")]
    public void OfOutages_SoManyDown_IsTheLevel(int down, string level) => Assert.Equal(level, DegradeRules.OfOutages(down).ToString());

    [Theory]
    [InlineData("Normal", 0.90, 0.90)]
    [InlineData("Minimal", 0.90, 0.90, 0.90)]
    [InlineData("Minimal", 0.99, 0.90, 0.99)]
    [InlineData("Static", 0.99, 0.99, 0.99)]
    [InlineData("Normal", 0.90, 0.90, 0.50, 0.90, 0.90)]
    [InlineData("Minimal", 0.90, 0.90, 0.90, 0.80)]
    [InlineData("Normal", 0.90, 0.90, 0.90, 0.74)]
    [InlineData("Static", 0.99, 0.99, 0.99, 0.90)]
    [InlineData("Minimal", 0.99, 0.99, 0.99, 0.80)]
    [InlineData("Normal", 0.99, 0.99, 0.99, 0.10)]
    [InlineData("Static", 0.90, 0.90, 0.90, 0.96, 0.96, 0.96)]
    public void OfLoad_CheckByCheck_EntersLateAndLeavesWithAMargin(string level, params double[] loads)
    {
        var state = loads.Aggregate(default(LoadState), (before, load) => DegradeRules.OfLoad(before, load, Options));

        Assert.Equal(level, state.Level.ToString());
    }

    [Fact]
    public void OfLoad_AnyCourse_NeverEntersALevelWithoutEnoughChecksAboveItsBound()
    {
        var random = new Random(7);
        for (var course = 0; course < 2_000; course++)
        {
            var state = default(LoadState);
            var loads = new List<double>();
            for (var check = 0; check < 40; check++)
            {
                loads.Add(random.NextDouble() < 0.7 ? 0.8 + (0.2 * random.NextDouble()) : random.NextDouble());
                var next = DegradeRules.OfLoad(state, loads[^1], Options);
                if (next.Level > state.Level)
                {
                    var bound = next.Level == DegradeLevel.Static ? Options.StaticLoad : Options.MinimalLoad;
                    Assert.All(loads.TakeLast(Options.LoadChecks), load => Assert.True(load > bound));
                }

                state = next;
            }
        }
    }

    [Fact]
    public async Task Static_NothingAnswers_LeavesHealthStatusAndMetricsOnly()
    {
        Peers.Graph.Failure = Peers.Worlds.Failure = new RefusalException(ReasonCodes.Unavailable, "Away.");
        await Gateway.BreakStoreAsync();
        await TimeLimits.EventuallyAsync(async () => (await Gateway.GetAsync("/status")).Text("degrade_level") == "STATIC");

        foreach (var path in new[] { "/strategies", "/worlds/w1/decide", "/worlds/w1", "/queues/by_tag?tags=a&interval=60", "/events/schema" })
        {
            var refused = await Gateway.GetAsync(path);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "E_DEGRADED", "30"), (refused.Status, refused.Code, refused.Header("Retry-After")));
            Assert.Equal("application/problem+json", refused.Response.Content.Headers.ContentType?.MediaType);
        }

        var overGrpc = await Assert.ThrowsAsync<RefusalException>(() => Gateway.Client.ListStrategiesAsync(new V1.ListStrategiesRequest()).ResponseAsync.Within());
        Assert.Equal("E_DEGRADED", overGrpc.Code.Code);
        Assert.Equal(HttpStatusCode.OK, (await Gateway.GetAsync("/health")).Status);
        Assert.Contains("degrade_level{", await Gateway.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);

        Peers.Graph.Failure = Peers.Worlds.Failure = null;
        await TimeLimits.EventuallyAsync(async () => (await Gateway.GetAsync("/status")).Text("degrade_level") == "PARTIAL");
        Assert.Equal(HttpStatusCode.OK, (await Gateway.GetAsync("/worlds/w1/decide")).Status);
    }

    [Fact]
    public async Task Partial_PeersRestartForReal_TakesInAndFinishesWhatCameMeanwhile()
    {
        var address = Peers.Address;
        await Peers.StopAsync();
        await TimeLimits.EventuallyAsync(async () => (await Gateway.GetAsync("/status")).Text("degrade_level") == "MINIMAL");
        var refused = await Gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)));

        await using var back = await Peers.StartAsync(address.Port);
        back.Graph.Failure = new RefusalException(ReasonCodes.GraphUnavailable, "Starting.");
        await TimeLimits.EventuallyAsync(async () => (await Gateway.GetAsync("/status")).Text("degrade_level") == "PARTIAL");
        var accepted = await Gateway.PostAsync("/strategies", GatewayHost.Submission(GatewayHost.Graph(10)));
        back.Graph.Failure = null;

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "E_DEGRADED", "5"), (refused.Status, refused.Code, refused.Header("Retry-After")));
        Assert.Equal(HttpStatusCode.Accepted, accepted.Status);
        await Gateway.UntilAsync(accepted.Text("strategy_id"), "completed");
        await TimeLimits.EventuallyAsync(async () => (await Gateway.GetAsync("/status")).Text("degrade_level") == "NORMAL");
        Assert.Equal(1, await Gateway.Database.ScalarAsync<int>("SELECT COUNT(*) FROM gw_strategies"));
    }
}
