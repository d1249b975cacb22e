using System.Net;
using System.Text;
using Google.Protobuf;
using Qmtl.Gateway.Tests.Kit;
using Qmtl.Identity;

namespace Qmtl.Gateway.Tests.Submissions;

public sealed class LimitTests : IAsyncLifetime
{
    private Peers _peers = null!;

    public async Task InitializeAsync() => _peers = await Peers.StartAsync();

    public async Task DisposeAsync() => await _peers.DisposeAsync();

    [Fact]
    public async Task Submit_TooMuchFromOneCaller_IsRefusedAndOthersAreNot()
    {
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.Sqlite(), _peers.Address, ("Gateway:RateLimit:PerSecond", "1"), ("Gateway:RateLimit:Burst", "3"));
        var answers = new List<Answer>();
        for (var period = 1; period <= 6; period++) answers.Add(await gateway.PostAsync("/strategies/dry-run", GatewayHost.Submission(GatewayHost.Graph(period)), gateway.As("ann")));

        var refused = answers.Last(answer => answer.Status == HttpStatusCode.TooManyRequests);
        var other = await gateway.PostAsync("/strategies/dry-run", GatewayHost.Submission(GatewayHost.Graph(1)), gateway.As("bob"));

        Assert.Equal(("E_RATE_LIMIT", "1"), (refused.Code, refused.Header("Retry-After")));
        Assert.All(answers.Take(3), answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal(HttpStatusCode.OK, other.Status);
        Assert.Contains("rate_limited_requests_total", await gateway.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_TooLarge_NamesTheLimit()
    {
        await using var gateway = await GatewayHost.StartAsync(GatewayHost.Sqlite(), _peers.Address);
        var valid = GatewayHost.Submission(GatewayHost.Graph(10));
        var bytes = valid.Clone();
        bytes.DagJson = ByteString.CopyFrom(Encoding.UTF8.GetBytes($$"""{"schema_version":"v1","nodes":[{"node_type":"{{new string('x', 3_200_000)}}"}]}"""));
        var nodes = valid.Clone();
        nodes.DagJson = ByteString.CopyFrom(Encoding.UTF8.GetBytes($$"""{"schema_version":"v1","nodes":[{{string.Join(',', Enumerable.Repeat("{}", NodeDocument.MaxNodes + 1))}}]}"""));

        var tooLarge = await gateway.PostAsync("/strategies", bytes);
        var tooMany = await gateway.PostAsync("/strategies", nodes);

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "E_TOO_LARGE", "/dag_json"), (tooLarge.Status, tooLarge.Code, tooLarge.Json.GetProperty("errors")[0].GetProperty("pointer").GetString()));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "/dag_json/nodes"), (tooMany.Status, tooMany.Json.GetProperty("errors")[0].GetProperty("pointer").GetString()));
        Assert.Contains("5000", tooMany.Json.ToString(), StringComparison.Ordinal);
    }
}
