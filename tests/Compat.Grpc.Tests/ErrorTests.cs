using System.Net;
using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Grpc.Core;
using global::Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class ErrorTests
{
    [Fact]
    public async Task Handler_UnexpectedException_TellsTheCallerNothing()
    {
        await using var host = await ProbeHost.StartAsync();

        var failed = await FailAsync(host, new Ask { Behaviour = "throw" });

        Assert.Equal(StatusCode.Unknown, failed.StatusCode);
        Assert.Equal("Exception was thrown by handler.", failed.Status.Detail);
    }

    [Fact]
    public async Task Handler_UnexpectedExceptionWithDetailedErrors_TellsWhat()
    {
        await using var host = await ProbeHost.StartAsync(options => options.EnableDetailedErrors = true);

        var failed = await FailAsync(host, new Ask { Behaviour = "throw" });

        Assert.Equal("Exception was thrown by handler. InvalidOperationException: secret of the house", failed.Status.Detail);
    }

    [Fact]
    public async Task Handler_NoMessage_IsCancelled()
    {
        await using var host = await ProbeHost.StartAsync();

        Assert.Equal(StatusCode.Cancelled, (await FailAsync(host, new Ask { Behaviour = "null" })).StatusCode);
    }

    [Fact]
    public async Task Method_DeclaredButNotImplemented_IsUnimplemented()
    {
        await using var host = await ProbeHost.StartAsync();

        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(() => host.Client().MissingAsync(new Ask()).ResponseAsync).Within()).StatusCode);
    }

    [Theory]
    [InlineData("qmtl.probe.v1.Probe", "Method is unimplemented.")]
    [InlineData("qmtl.probe.v1.Other", "Service is unimplemented.")]
    public async Task Method_Unknown_IsUnimplemented(string service, string detail)
    {
        await using var host = await ProbeHost.StartAsync();
        using var raw = new RawCall(host.Address);

        var (response, _) = await raw.PostAsync($"/{service}/Nowhere", RawCall.Frame(new Ask())).Within();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("12", RawCall.Status(response));
        Assert.Equal(detail, RawCall.Status(response, "grpc-message"));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpcish")]
    [InlineData(null)]
    public async Task Request_ContentTypeOfSomethingElse_Is415(string? contentType)
    {
        await using var host = await ProbeHost.StartAsync();
        using var raw = new RawCall(host.Address);

        var (response, _) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(new Ask()), contentType).Within();

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Equal("13", RawCall.Status(response));
    }

    [Fact]
    public async Task Request_OverHttp1_IsAskedToUpgrade()
    {
        await using var host = await ProbeHost.StartAsync(protocols: HttpProtocols.Http1);
        using var raw = new RawCall(host.Address) { Version = HttpVersion.Version11 };

        var (response, _) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(new Ask())).Within();

        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
    }

    [Fact]
    public async Task Request_Truncated_IsInternal()
    {
        await using var host = await ProbeHost.StartAsync();
        using var raw = new RawCall(host.Address);

        var (response, _) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(new Ask { Text = "long enough" })[..8]).Within();

        Assert.Equal("13", RawCall.Status(response));
        Assert.Equal("Incomplete message.", RawCall.Status(response, "grpc-message"));
    }

    [Fact]
    public async Task Request_TwoMessagesForAUnaryCall_IsInternal()
    {
        await using var host = await ProbeHost.StartAsync();
        using var raw = new RawCall(host.Address);

        var (response, _) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", [.. RawCall.Frame(new Ask()), .. RawCall.Frame(new Ask())]).Within();

        Assert.Equal("13", RawCall.Status(response));
    }

    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(418, StatusCode.Unknown)]
    public async Task Response_HttpErrorWithoutStatus_IsMapped(int httpStatus, StatusCode expected)
    {
        await using var host = await ProbeHost.StartAsync(map: app => app.MapPost("/{**all}", () => Results.StatusCode(httpStatus)));

        var failed = await FailAsync(host, new Ask());

        Assert.Equal(expected, failed.StatusCode);
        Assert.Equal($"Bad gRPC response. HTTP status code: {httpStatus}", failed.Status.Detail);
    }

    [Fact]
    public async Task Response_NotGrpc_IsCancelled()
    {
        await using var host = await ProbeHost.StartAsync(map: app => app.MapPost("/{**all}", () => Results.Text("hello")));

        Assert.Equal(StatusCode.Cancelled, (await FailAsync(host, new Ask())).StatusCode);
    }

    [Fact]
    public async Task Response_WithoutStatus_IsCancelled()
    {
        await using var host = await ProbeHost.StartAsync(map: app => app.MapPost("/{**all}", () => Results.Bytes(RawCall.Frame(new Answer()), "application/grpc")));

        var failed = await FailAsync(host, new Ask());

        Assert.Equal(StatusCode.Cancelled, failed.StatusCode);
        Assert.Equal("No grpc-status found on response.", failed.Status.Detail);
    }

    [Fact]
    public async Task Response_StreamReset_IsAnError()
    {
        await using var host = await ProbeHost.StartAsync();

        Assert.Equal(StatusCode.Internal, (await FailAsync(host, new Ask { Behaviour = "abort" })).StatusCode);
    }

    [Fact]
    public async Task Server_NotThere_IsUnavailable()
    {
        await using var host = await ProbeHost.StartAsync();
        var address = host.Address;
        await host.DisposeAsync();
        using var channel = GrpcChannel.ForAddress(address);

        var failed = await Assert.ThrowsAsync<RpcException>(() => new Probe.ProbeClient(channel).EchoAsync(new Ask()).ResponseAsync).Within();

        Assert.Equal(StatusCode.Unavailable, failed.StatusCode);
    }

    private static Task<RpcException> FailAsync(ProbeHost host, Ask ask) => Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(ask).ResponseAsync).Within();
}
