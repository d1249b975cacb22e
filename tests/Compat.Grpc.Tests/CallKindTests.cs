using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Google.Protobuf;
using global::Grpc.Core;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class CallKindTests
{
    [Fact]
    public async Task Unary_Request_IsAnswered()
    {
        await using var host = await ProbeHost.StartAsync();

        using var call = host.Client().EchoAsync(new Ask { Text = "hello" });

        Assert.Equal("hello", (await call.ResponseAsync.Within()).Text);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Unary_Blocking_IsAnswered()
    {
        await using var host = await ProbeHost.StartAsync();
        var client = host.Client();

        Assert.Equal("hello", (await Task.Run(() => client.Echo(new Ask { Text = "hello" })).Within()).Text);
    }

    [Fact]
    public async Task Unary_EmptyMessage_IsAnswered()
    {
        await using var host = await ProbeHost.StartAsync();

        Assert.Equal(new Answer(), await host.Client().EchoAsync(new Ask()).ResponseAsync.Within());
    }

    [Fact]
    public async Task Unary_MessageLargerThanAnyWindow_Arrives()
    {
        await using var host = await ProbeHost.StartAsync();
        var payload = new byte[3_500_000];
        new Random(1).NextBytes(payload);

        var answer = await host.Client().EchoAsync(new Ask { Payload = ByteString.CopyFrom(payload) }).ResponseAsync.Within();

        Assert.Equal(payload, answer.Payload.ToByteArray());
    }

    [Fact]
    public async Task Unary_ManyAtOnceOnOneChannel_AllGetTheirOwnAnswer()
    {
        await using var host = await ProbeHost.StartAsync();
        var client = host.Client();

        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(async i => (i, Answer: await client.EchoAsync(new Ask { Text = $"{i}" })))).Within();

        Assert.All(answers, pair => Assert.Equal($"{pair.i}", pair.Answer.Text));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    public async Task ClientStreaming_AllRequests_ReachTheHandlerInOrder(int count)
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Collect();

        for (var i = 0; i < count; i++) await call.RequestStream.WriteAsync(new Ask { Text = $"{i}," }).Within();
        await call.RequestStream.CompleteAsync();

        var answer = await call.ResponseAsync.Within();
        Assert.Equal(count, answer.Count);
        Assert.Equal(string.Concat(Enumerable.Range(0, count).Select(i => $"{i},")), answer.Text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(500)]
    public async Task ServerStreaming_AllResponses_ArriveInOrder(int count)
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Expand(new Ask { Count = count });

        var counts = new List<int>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Within()) counts.Add(call.ResponseStream.Current.Count);

        Assert.Equal(Enumerable.Range(0, count), counts);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
    }

    [Fact]
    public async Task Duplex_QuestionAndAnswer_Alternate()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Chat();

        for (var i = 0; i < 50; i++)
        {
            await call.RequestStream.WriteAsync(new Ask { Text = $"{i}" }).Within();
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
            Assert.Equal($"{i}", call.ResponseStream.Current.Text);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
    }

    [Fact]
    public async Task Duplex_ServerEndsFirst_ReaderSeesTheEndAndWriterIsRefused()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Chat();

        await call.RequestStream.WriteAsync(new Ask { Behaviour = "end" }).Within();

        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None).Within());
        await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new Ask())).Within();
    }

    [Fact]
    public async Task ClientStreaming_WriteAfterComplete_IsRefused()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Collect();
        await call.RequestStream.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new Ask())).Within();
    }

    [Fact]
    public async Task Call_NotComplete_HasNoStatusYet()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Chat();

        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.GetTrailers());
    }

    [Fact]
    public async Task Context_OfACall_TellsMethodPeerAndProtocol()
    {
        await using var host = await ProbeHost.StartAsync();

        var parts = (await host.Client().EchoAsync(new Ask { Behaviour = "context" }).ResponseAsync.Within()).Text.Split('|');

        Assert.Equal("/qmtl.probe.v1.Probe/Echo", parts[0]);
        Assert.StartsWith("ipv4:127.0.0.1:", parts[1], StringComparison.Ordinal);
        Assert.Equal(new Uri(host.Address).Authority, parts[2]);
        Assert.Equal("HTTP/2", parts[3]);
    }
}
