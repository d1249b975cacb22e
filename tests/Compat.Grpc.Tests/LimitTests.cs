using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Google.Protobuf;
using global::Grpc.Core;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class LimitTests
{
    private const int Limit = 10_000;
    private static readonly Ask Small = new() { Payload = ByteString.CopyFrom(new byte[Limit / 2]) };
    private static readonly Ask Large = new() { Payload = ByteString.CopyFrom(new byte[Limit * 2]) };

    [Fact]
    public async Task Server_ReceivingTooMuch_SaysSo()
    {
        await using var host = await ProbeHost.StartAsync(options => options.MaxReceiveMessageSize = Limit);

        await RefusesOnlyTheLargeAsync(host, host.Client(), "Received message exceeds the maximum configured message size.");
        Assert.Equal(1, host.Log.Received);
    }

    [Fact]
    public async Task Server_SendingTooMuch_SaysSo()
    {
        await using var host = await ProbeHost.StartAsync(options => options.MaxSendMessageSize = Limit);

        await RefusesOnlyTheLargeAsync(host, host.Client(), "Sending message exceeds the maximum configured message size.");
    }

    [Fact]
    public async Task Client_ReceivingTooMuch_SaysSo()
    {
        await using var host = await ProbeHost.StartAsync();

        await RefusesOnlyTheLargeAsync(host, host.Client(options => options.MaxReceiveMessageSize = Limit), "Received message exceeds the maximum configured message size.");
    }

    [Fact]
    public async Task Client_SendingTooMuch_SaysSo()
    {
        await using var host = await ProbeHost.StartAsync();

        await RefusesOnlyTheLargeAsync(host, host.Client(options => options.MaxSendMessageSize = Limit), "Sending message exceeds the maximum configured message size.");
        Assert.Equal(1, host.Log.Received);
    }

    [Fact]
    public async Task Server_WithoutSettings_TakesFourMegabytes()
    {
        await using var host = await ProbeHost.StartAsync();

        var refused = await Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(new Ask { Payload = ByteString.CopyFrom(new byte[4 * 1024 * 1024]) }).ResponseAsync).Within();

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
    }

    [StandInFact]
    public async Task Server_CompressedMessageThatUnpacksToTooMuch_IsRefused()
    {
        await using var host = await ProbeHost.StartAsync(options => options.MaxReceiveMessageSize = Limit);

        var refused = await Assert.ThrowsAsync<RpcException>(
            () => host.Client().EchoAsync(Large, new Metadata { { "grpc-internal-encoding-request", "gzip" } }).ResponseAsync).Within();

        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
    }

    private static async Task RefusesOnlyTheLargeAsync(ProbeHost host, Probe.ProbeClient client, string detail)
    {
        Assert.Equal(Small.Payload.Length, (await client.EchoAsync(Small).ResponseAsync.Within()).Count);
        Assert.Equal(1, host.Log.Received);
        var refused = await Assert.ThrowsAsync<RpcException>(() => client.EchoAsync(Large).ResponseAsync).Within();
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Equal(detail, refused.Status.Detail);
    }
}
