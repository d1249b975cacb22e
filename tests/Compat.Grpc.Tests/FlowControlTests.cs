using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Google.Protobuf;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class FlowControlTests
{
    private const int MessageSize = 64 * 1024;
    private const int Messages = 2_000; // 128 MB in all: far more than any window or buffer on the way

    [Fact]
    public async Task Server_ReaderThatDoesNotRead_HoldsItBack()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Expand(new Ask { Count = Messages, Payload = ByteString.CopyFrom(new byte[MessageSize]) });
        await call.ResponseHeadersAsync.Within();

        var sent = await SettledAsync(() => host.Log.Sent);
        Assert.InRange(sent, 1, Messages / 4);

        var read = 0;
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Within()) read++;
        Assert.Equal(Messages, read);
    }

    [Fact]
    public async Task Client_HandlerThatDoesNotRead_HoldsItBack()
    {
        await using var host = await ProbeHost.StartAsync();
        using var call = host.Client().Collect();
        var written = 0;
        var writing = Task.Run(async () =>
        {
            await call.RequestStream.WriteAsync(new Ask { Behaviour = "hold" });
            for (; written < Messages; written++) await call.RequestStream.WriteAsync(new Ask { Payload = ByteString.CopyFrom(new byte[MessageSize]) });
            await call.RequestStream.CompleteAsync();
        });

        Assert.InRange(await SettledAsync(() => Volatile.Read(ref written)), 1, Messages / 4);
        Assert.False(writing.IsCompleted);

        host.Log.Release.SetResult();
        await writing.Within();
        Assert.Equal(Messages + 1, (await call.ResponseAsync.Within()).Count);
    }

    /// <summary>A count that no longer grows.</summary>
    private static async Task<int> SettledAsync(Func<int> count)
    {
        var seen = -1;
        await TimeLimits.EventuallyAsync(async () =>
        {
            var before = count();
            await Task.Delay(500);
            seen = count();
            return seen == before && seen > 0;
        });
        return seen;
    }
}
