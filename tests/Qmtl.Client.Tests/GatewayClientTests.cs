using Microsoft.AspNetCore.Http;
using Qmtl.Identity;
using Qmtl.V1;

namespace Qmtl.Client.Tests;

public sealed class GatewayClientTests
{
    [Fact]
    public async Task Get_Refused_ThrowsTheRefusalWithFieldsAndFacts()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Refuse("GET /worlds/w", 422, "E_POLICY_INVALID", "Wrong.", ""","expected":"x","tries":3,"errors":[{"pointer":"/top_k/k","message":"must be above 0"}]""");
        using var client = new GatewayClient(gateway.Address);

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => client.GetAsync<World>("worlds/w")).Within();

        Assert.Equal(("E_POLICY_INVALID", 422, "Refused", "Wrong."), (refusal.Code.Code, refusal.Code.HttpStatus, refusal.Code.Title, refusal.Detail));
        Assert.Equal(new FieldError("/top_k/k", "must be above 0"), refusal.Errors.Single());
        Assert.Equal(("x", "3"), (refusal.Metadata["expected"], refusal.Metadata["tries"]));
    }

    [Theory]
    [InlineData(502, "<html>proxy</html>")]
    [InlineData(404, "[]")]
    [InlineData(500, "")]
    public async Task Get_AnswerThatIsNoProblemDocument_IsABadUpstream(int status, string body)
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Answer("GET /worlds/w", status, "text/html", body);
        using var client = new GatewayClient(gateway.Address);

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => client.GetAsync<World>("worlds/w")).Within();

        Assert.Equal("E_BAD_UPSTREAM", refusal.Code.Code);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("""{"id":7}""")]
    public async Task Get_AnswerThatIsNotTheContract_IsABadUpstream(string body)
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Answer("GET /worlds/w", 200, "application/json", body);
        using var client = new GatewayClient(gateway.Address);

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => client.GetAsync<World>("worlds/w")).Within();

        Assert.Equal("E_BAD_UPSTREAM", refusal.Code.Code);
    }

    [Fact]
    public async Task Find_Missing_IsNull()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Refuse("GET /worlds/w/activation", 404, "E_ACTIVATION_UNKNOWN", "Never set.");
        using var client = new GatewayClient(gateway.Address);

        Assert.Null(await client.FindAsync<ActivationEnvelope>("worlds/w/activation").Within());
    }

    [Fact]
    public async Task Get_NobodyListens_IsUnavailableAndNamesTheAddress()
    {
        var gateway = await FakeGateway.StartAsync();
        var address = gateway.Address;
        await gateway.DisposeAsync();
        using var client = new GatewayClient(address);

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => client.GetAsync<World>("worlds/w")).Within();

        Assert.Equal("E_UNAVAILABLE", refusal.Code.Code);
        Assert.Contains(address.ToString(), refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_TooSlow_IsATimeout()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Answer("GET /worlds/w", (_, context) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var client = new GatewayClient(gateway.Address) { ReadLimit = TimeSpan.FromMilliseconds(50) };

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => client.GetAsync<World>("worlds/w")).Within();

        Assert.Equal("E_TIMEOUT", refusal.Code.Code);
    }

    [Fact]
    public async Task Get_CancelledByTheCaller_IsCancelled()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var cancel = new CancellationTokenSource();
        gateway.Answer("GET /worlds/w", async (_, context) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var client = new GatewayClient(gateway.Address);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetAsync<World>("worlds/w", cancel.Token)).Within();
    }

    [Fact]
    public async Task Post_Document_KeepsTextTypeAndToken()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Answer("POST /worlds/w/policies", new CreatePolicyResponse { WorldId = "w", Version = 4 }, 201);
        using var client = new GatewayClient(gateway.Address, "secret");

        var answer = await client.PostAsync<CreatePolicyResponse>("worlds/w/policies", "top_k:\n  k: 3\n", "application/yaml").Within();

        Assert.Equal(4, answer.Version);
        var request = Assert.Single(gateway.Arrived);
        Assert.Equal(("top_k:\n  k: 3\n", "Bearer secret"), (request.Body, request.Authorization));
        Assert.StartsWith("application/yaml", request.ContentType, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_GatewayBelowAPath_StaysBelowIt()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Answer("GET /qmtl/worlds/w", new World { Id = "w" });
        using var client = new GatewayClient(new Uri(gateway.Address, "/qmtl"));

        Assert.Equal("w", (await client.GetAsync<World>("worlds/w").Within()).Id);
    }

    [Fact]
    public async Task FollowEvents_Stream_YieldsEachEventAndEnds()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Answer("GET /events", 200, "text/event-stream", ": hello\n\ndata: {\"id\":\"1\",\"type\":\"a\"}\n\nid: 2\ndata: {\"id\":\"2\",\"type\":\"b\"}\n\n");
        using var client = new GatewayClient(gateway.Address);

        var seen = await ReadAsync(client).Within();

        Assert.Equal(["1 a", "2 b"], seen);
        Assert.Equal("?world_id=w&topics=activation%2Cpolicy", gateway.Arrived.Single().Query);
    }

    [Fact]
    public async Task FollowEvents_StreamBreaksOff_IsUnavailable()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.Answer("GET /events", async (_, context) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"id\":\"1\"}\n\n");
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        using var client = new GatewayClient(gateway.Address);

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => ReadAsync(client)).Within();

        Assert.Equal("E_UNAVAILABLE", refusal.Code.Code);
    }

    private static async Task<List<string>> ReadAsync(GatewayClient client)
    {
        var seen = new List<string>();
        await foreach (var item in client.FollowEventsAsync("w", ["activation", "policy"])) seen.Add($"{item.Id} {item.Type}");
        return seen;
    }
}
