using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Grpc.Core;
using global::Grpc.Net.Client;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class CancellationTests
{
    [Fact]
    public async Task Unary_TokenCancelled_EndsBothSides()
    {
        await using var host = await ProbeHost.StartAsync();
        using var cancellation = new CancellationTokenSource();
        using var call = host.Client().EchoAsync(new Ask { Behaviour = "hang" }, cancellationToken: cancellation.Token);
        await TimeLimits.EventuallyAsync(() => host.Log.Received == 1);

        await cancellation.CancelAsync();

        var cancelled = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync).Within();
        Assert.Equal(StatusCode.Cancelled, cancelled.StatusCode);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
        await host.Log.Cancelled.Task.Within();
    }

    [Fact]
    public async Task Unary_TokenAlreadyCancelled_SendsNothing()
    {
        await using var host = await ProbeHost.StartAsync();

        var cancelled = await Assert.ThrowsAsync<RpcException>(() => host.Client().EchoAsync(new Ask(), cancellationToken: new CancellationToken(canceled: true)).ResponseAsync).Within();

        Assert.Equal(StatusCode.Cancelled, cancelled.StatusCode);
        Assert.Equal(0, host.Log.Received);
    }

    [Fact]
    public async Task Unary_ChannelAskedForIt_ThrowsOperationCanceled()
    {
        await using var host = await ProbeHost.StartAsync();
        using var cancellation = new CancellationTokenSource(200);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => host.Client(options => options.ThrowOperationCanceledOnCancellation = true).EchoAsync(new Ask { Behaviour = "hang" }, cancellationToken: cancellation.Token).ResponseAsync).Within();
    }

    [Fact]
    public async Task ServerStreaming_CallDisposed_StopsTheServer()
    {
        await using var host = await ProbeHost.StartAsync();
        var call = host.Client().Expand(new Ask { Behaviour = "hang-after-one", Count = 5 });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());

        call.Dispose();

        await host.Log.Cancelled.Task.Within();
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task ServerStreaming_ReadCancelled_CancelsTheCall()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Expand(new Ask { Behaviour = "hang-after-one", Count = 5 });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
        using var cancellation = new CancellationTokenSource(200);

        var cancelled = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(cancellation.Token)).Within();

        Assert.Equal(StatusCode.Cancelled, cancelled.StatusCode);
        await host.Log.Cancelled.Task.Within();
    }

    [Fact]
    public async Task Duplex_TokenCancelled_EndsReadsAndWrites()
    {
        await using var host = await ProbeHost.StartAsync();
        using var cancellation = new CancellationTokenSource();
        using var call = host.Client().Chat(cancellationToken: cancellation.Token);
        await call.RequestStream.WriteAsync(new Ask { Behaviour = "hang" }).Within();
        var read = call.ResponseStream.MoveNext(CancellationToken.None);
        await TimeLimits.EventuallyAsync(() => host.Log.Received == 1);

        await cancellation.CancelAsync();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => read).Within()).StatusCode);
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new Ask())).Within()).StatusCode);
        await host.Log.Cancelled.Task.Within();
    }

    [Fact]
    public async Task Channel_Disposed_EndsItsCalls()
    {
        await using var host = await ProbeHost.StartAsync();
        var channel = GrpcChannel.ForAddress(host.Address);
        using var call = new Probe.ProbeClient(channel).EchoAsync(new Ask { Behaviour = "hang" });
        await TimeLimits.EventuallyAsync(() => host.Log.Received == 1);

        channel.Dispose();

        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync).Within()).StatusCode);
        Assert.Throws<ObjectDisposedException>(() => channel.CreateCallInvoker());
    }
}
