using Grpc.Core;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.Testing;
using Qmtl.Tests.Rpc;

namespace Qmtl.ServiceDefaults.Tests.Rpc;

/// <summary>A refusal says the same wherever it arrives.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TypedRefusal_OverHttp_IsAProblemDocument(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.GetAsync("/refuse/typed", ("X-Correlation-ID", "c-2"));

        Assert.Equal(400, answer.Status);
        Assert.Equal(
            """
            {"type":"urn:qmtl:reason:E_NODE_ID_MISMATCH","title":"A node id is not the hash of its node","status":400,"detail":"Node 3 is not what it says.","code":"E_NODE_ID_MISMATCH","errors":[{"pointer":"/nodes/3/node_id","message":"expected blake3:aa"}],"correlation_id":"c-2","hint":"recompute","node_id_mismatch":[{"index":3}]}
            """.Trim(),
            answer.Body);
    }

    [Fact]
    public async Task TypedRefusal_OverGrpc_IsAStatusWithDetails_AndTurnsBack()
    {
        await using var host = await EchoHost.StartAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => host.Grpc.RefuseAsync(new Everything { Id = "typed" }).ResponseAsync).Within(20);

        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
        var status = Google.Rpc.Status.Parser.ParseFrom(failure.Trailers.GetValueBytes("grpc-status-details-bin"));
        Assert.Equal(["type.googleapis.com/google.rpc.ErrorInfo", "type.googleapis.com/google.rpc.BadRequest"], status.Details.Select(detail => detail.TypeUrl));
        var refusal = RefusalStatus.FromRpcException(failure);
        Assert.Same(ReasonCodes.NodeIdMismatch, refusal.Code);
        Assert.Equal("Node 3 is not what it says.", refusal.Detail);
        Assert.Equal([new FieldError("/nodes/3/node_id", "expected blake3:aa")], refusal.Errors);
        Assert.Equal(["hint", "node_id_mismatch"], refusal.Metadata.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task UnexpectedException_TellsNothing_AndIsLoggedUnderItsCorrelationId(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.GetAsync("/refuse/bug", ("X-Correlation-ID", "c-3"));

        Assert.Equal((500, "E_INTERNAL"), (answer.Status, answer.Code));
        Assert.DoesNotContain("hunter2", answer.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(" at Qmtl", answer.Body, StringComparison.Ordinal);
        Assert.Contains(host.Logged(), line => line.Contains("hunter2", StringComparison.Ordinal) && line.Contains("correlation_id=c-3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task UnexpectedException_OverGrpc_TellsNothing()
    {
        await using var host = await EchoHost.StartAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => host.Grpc.RefuseAsync(new Everything { Id = "bug" }).ResponseAsync).Within(20);

        Assert.Equal(StatusCode.Internal, failure.StatusCode);
        Assert.Same(ReasonCodes.Internal, RefusalStatus.FromRpcException(failure).Code);
        Assert.DoesNotContain("hunter2", failure.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DegradedService_SaysWhenToComeBack(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.GetAsync("/refuse/degraded");

        Assert.Equal((503, "30"), (answer.Status, answer.Headers["Retry-After"]));
    }

    [Fact]
    public async Task CodeOfANewerService_PassesThroughTheProxy()
    {
        await using var host = await EchoHost.StartAsync(proxied: true);

        var answer = await host.GetAsync("/refuse/future");

        Assert.Equal((418, "E_FROM_THE_FUTURE", "A teapot."), (answer.Status, answer.Code, answer.Json.GetProperty("detail").GetString()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RpcThatIsNotServedYet_Is501(bool proxied)
    {
        await using var host = await EchoHost.StartAsync(proxied);

        var answer = await host.GetAsync("/later/a");

        Assert.Equal((501, "E_NOT_IMPLEMENTED"), (answer.Status, answer.Code));
    }

    [Fact]
    public async Task PeerThatDoesNotAnswer_Is503_AndNamed()
    {
        using var channel = global::Grpc.Net.Client.GrpcChannel.ForAddress("http://127.0.0.1:1");
        var invoker = global::Grpc.Core.Interceptors.CallInvokerExtensions.Intercept(channel.CreateCallInvoker(), new RefusalClientInterceptor("WorldService"));

        var refusal = await Assert.ThrowsAsync<RefusalException>(() => new Echo.EchoClient(invoker).GetAsync(new Everything()).ResponseAsync).Within(20);

        Assert.Same(ReasonCodes.Unavailable, refusal.Code);
        Assert.Equal("WorldService is unavailable.", refusal.Detail);
    }

    [Fact]
    public async Task Refusals_AreCountedByCode()
    {
        await using var host = await EchoHost.StartAsync();
        await host.GetAsync("/refuse/typed");

        var metrics = await host.GetAsync("/metrics");

        Assert.Matches("refusals_total\\{[^}]*code=\"E_NODE_ID_MISMATCH\"[^}]*\\} 1", metrics.Body);
    }

    [Theory]
    [InlineData("bad id", false)]
    [InlineData("0af7651916cd43dd8448eb211c80319c", true)]
    public async Task CorrelationId_IsTakenWhenHarmless_ElseMade(string sent, bool taken)
    {
        await using var host = await EchoHost.StartAsync();

        var answer = await host.GetAsync("/echo/a", ("X-Correlation-ID", sent));

        var echoed = answer.Headers["X-Correlation-ID"];
        Assert.Equal(taken, string.Equals(sent, echoed, StringComparison.Ordinal));
        Assert.Equal(echoed, answer.Json.GetProperty("free").GetProperty("correlation_id").GetString());
    }

    [Fact]
    public void EveryCode_HasItsOwnTextAndSurvivesTheWire()
    {
        foreach (var code in ReasonCodes.All)
        {
            var there = new RefusalException(code, "why", [new FieldError("/a", "b")], new Dictionary<string, string>(StringComparer.Ordinal) { ["k"] = "v" });
            var back = RefusalStatus.FromRpcException(RefusalStatus.ToRpcException(there));
            Assert.Same(code, back.Code);
            Assert.Equal(there.Errors, back.Errors);
            Assert.Equal(there.Metadata, back.Metadata);
        }
    }
}
