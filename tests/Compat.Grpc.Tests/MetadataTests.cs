using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Grpc.Core;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class MetadataTests
{
    private static readonly byte[] Bytes = [0, 1, 127, 128, 255];

    [Fact]
    public async Task HeadersAndTrailers_TextAndBinary_TravelBothWays()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().EchoAsync(new Ask { Behaviour = "headers" }, new Metadata { { "X-Text", "plain" }, { "x-bytes-bin", Bytes } });

        var headers = await call.ResponseHeadersAsync.Within();
        await call.ResponseAsync.Within();

        foreach (var metadata in (Metadata[])[headers, call.GetTrailers()])
        {
            Assert.Equal("plain", metadata.GetValue("x-text"));
            Assert.Equal(Bytes, metadata.GetValueBytes("x-bytes-bin"));
            Assert.DoesNotContain(metadata, entry => entry.Key is "grpc-status" or "grpc-message" or "content-type");
        }
    }

    [Fact]
    public async Task BinaryHeaders_SameKeyTwice_AreBothKept()
    {
        await using var host = await ProbeHost.StartAsync();
        using var raw = new RawCall(host.Address);

        var (response, _) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(new Ask { Behaviour = "headers" }), headers: ("x-a-bin", "AAE=")).Within();

        Assert.Equal("AAE=", RawCall.Status(response, "x-a-bin"));
    }

    [Fact]
    public async Task ResponseHeaders_BeforeTheFirstMessage_Arrive()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Expand(new Ask { Behaviour = "headers", Count = 0 }, new Metadata { { "x-early", "yes" } });

        Assert.Equal("yes", (await call.ResponseHeadersAsync.Within()).GetValue("x-early"));
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
    }

    [Fact]
    public async Task Refusal_WithDetailsAndUnicode_ReachesTheCallerUnchanged()
    {
        await using var host = await ProbeHost.StartAsync();

        var refused = await Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(new Ask { Behaviour = "refuse" }).ResponseAsync).Within();

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Equal("100% wrong:\n größer als 日本", refused.Status.Detail);
        Assert.Equal([0, 1, 2, 255], refused.Trailers.GetValueBytes("grpc-status-details-bin")!);
        Assert.Equal("because", refused.Trailers.GetValue("x-why"));
    }

    [Fact]
    public async Task Refusal_WithoutMessages_IsTrailersOnlyAndPercentEncoded()
    {
        await using var host = await ProbeHost.StartAsync();
        using var raw = new RawCall(host.Address);

        var (response, body) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(new Ask { Behaviour = "refuse" })).Within();

        Assert.Empty(body);
        Assert.Equal(["3"], response.Headers.GetValues("grpc-status"));
        Assert.Equal(["100%25 wrong:%0A gr%C3%B6%C3%9Fer als %E6%97%A5%E6%9C%AC"], response.Headers.GetValues("grpc-message"));
        Assert.Equal(["AAEC/w=="], response.Headers.GetValues("grpc-status-details-bin"));
        Assert.False(response.TrailingHeaders.Contains("grpc-status"));
    }

    [Fact]
    public async Task Refusal_AfterAMessage_ComesInTheTrailers()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Expand(new Ask { Behaviour = "refuse-after-one", Count = 5 });

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
        var refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None)).Within();

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Equal([0, 1, 2, 255], refused.Trailers.GetValueBytes("grpc-status-details-bin")!);
        Assert.Equal("because", call.GetTrailers().GetValue("x-why"));
    }

    [Fact]
    public async Task Status_SetOnTheContext_IsTheCallsStatus()
    {
        await using var host = await ProbeHost.StartAsync();

        var refused = await Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(new Ask { Behaviour = "status" }).ResponseAsync).Within();

        Assert.Equal(new Status(StatusCode.FailedPrecondition, "set on the context").ToString(), refused.Status.ToString());
    }

    [Fact]
    public void Entry_WithAKeyThatDoesNotFitItsValue_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => new Metadata { { "plain", Bytes } });
        Assert.Throws<ArgumentException>(() => new Metadata { { "bytes-bin", "text" } });
        Assert.Throws<ArgumentException>(() => new Metadata { { "has space", "text" } });
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("a", "b"));
    }
}
