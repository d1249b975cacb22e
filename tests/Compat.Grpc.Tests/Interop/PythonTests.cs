using System.Globalization;
using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Google.Protobuf;
using global::Grpc.Core;
using global::Grpc.Net.Client;
using Qmtl.Testing;

namespace Compat.Grpc.Tests.Interop;

public sealed class PythonTests
{
    [RequiresFact(Needs.PythonGrpc)]
    public async Task PythonClient_AgainstThisServer_SeesEveryBehaviour()
    {
        await using var python = new PythonPeer();
        await python.GenerateAsync();
        await using var host = await ProbeHost.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");

        var held = await python.RunClientAsync(new Uri(host.Address).Authority);

        Assert.Equal(
            ["unary", "client streaming", "server streaming", "duplex", "large message", "headers", "trailers", "status in headers", "status in trailers", "unimplemented", "deadline", "cancellation", "gzip", "done"],
            held);
        await host.Log.Cancelled.Task.Within();
    }

    [RequiresFact(Needs.PythonGrpc)]
    public async Task PythonServer_CalledByThisClient_SeesEveryBehaviour()
    {
        await using var python = new PythonPeer();
        await python.GenerateAsync();
        using var server = python.StartServer();
        var port = int.Parse((await server.StandardOutput.ReadLineAsync().Within())!, CultureInfo.InvariantCulture);
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        var client = new Probe.ProbeClient(channel);

        await CheckCallKindsAsync(client);
        await CheckMetadataAsync(client);
        await CheckRefusalsAsync(client);
        await CheckDeadlinesAsync(client);

        server.StandardInput.Close();
        await server.WaitForExitAsync().Within();
    }

    private static async Task CheckCallKindsAsync(Probe.ProbeClient client)
    {
        Assert.Equal("a", (await client.EchoAsync(new Ask { Text = "a" }).ResponseAsync.Within()).Text);
        var zeros = new Ask { Payload = ByteString.CopyFrom(new byte[2_000_000]) };
        Assert.Equal(zeros.Payload, (await client.EchoAsync(zeros, new Metadata { { "grpc-internal-encoding-request", "gzip" } }).ResponseAsync.Within()).Payload);

        using var collect = client.Collect();
        for (var i = 0; i < 10; i++) await collect.RequestStream.WriteAsync(new Ask { Text = $"{i}" }).Within();
        await collect.RequestStream.CompleteAsync();
        Assert.Equal("0123456789", (await collect.ResponseAsync.Within()).Text);

        using var expand = client.Expand(new Ask { Count = 100 });
        Assert.Equal(100, await expand.ResponseStream.ReadAllAsync().CountAsync());

        using var chat = client.Chat();
        for (var i = 0; i < 20; i++)
        {
            await chat.RequestStream.WriteAsync(new Ask { Text = $"{i}" }).Within();
            Assert.True(await chat.ResponseStream.MoveNext(CancellationToken.None).Within());
            Assert.Equal($"{i}", chat.ResponseStream.Current.Text);
        }

        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext(CancellationToken.None).Within());
    }

    private static async Task CheckMetadataAsync(Probe.ProbeClient client)
    {
        byte[] bytes = [0, 1, 127, 128, 255];
        using var call = client.EchoAsync(new Ask { Behaviour = "headers" }, new Metadata { { "x-text", "plain" }, { "x-bytes-bin", bytes } });
        var headers = await call.ResponseHeadersAsync.Within();
        await call.ResponseAsync.Within();
        foreach (var metadata in (Metadata[])[headers, call.GetTrailers()])
        {
            Assert.Equal("plain", metadata.GetValue("x-text"));
            Assert.Equal(bytes, metadata.GetValueBytes("x-bytes-bin"));
        }
    }

    private static async Task CheckRefusalsAsync(Probe.ProbeClient client)
    {
        var early = await Assert.ThrowsAsync<RpcException>(() => client.EchoAsync(new Ask { Behaviour = "refuse" }).ResponseAsync).Within();
        using var expand = client.Expand(new Ask { Behaviour = "refuse-after-one", Count = 3 });
        Assert.True(await expand.ResponseStream.MoveNext(CancellationToken.None).Within());
        var late = await Assert.ThrowsAsync<RpcException>(() => expand.ResponseStream.MoveNext(CancellationToken.None)).Within();
        foreach (var refused in (RpcException[])[early, late])
        {
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
            Assert.Equal("100% wrong:\n größer als 日本", refused.Status.Detail);
            Assert.Equal([0, 1, 2, 255], refused.Trailers.GetValueBytes("grpc-status-details-bin")!);
        }

        Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(() => client.MissingAsync(new Ask()).ResponseAsync).Within()).StatusCode);
    }

    private static async Task CheckDeadlinesAsync(Probe.ProbeClient client)
    {
        Assert.InRange((await client.EchoAsync(new Ask { Behaviour = "remaining" }, deadline: DateTime.UtcNow.AddSeconds(100)).ResponseAsync.Within()).Count, 90, 101);
        var late = await Assert.ThrowsAsync<RpcException>(() => client.EchoAsync(new Ask { Behaviour = "hang" }, deadline: DateTime.UtcNow.AddSeconds(0.3)).ResponseAsync).Within();
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
    }
}
