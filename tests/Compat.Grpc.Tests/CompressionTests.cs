using System.IO.Compression;
using Compat.Grpc.Tests.Hosting;
using Compat.Grpc.Tests.Protos;
using global::Google.Protobuf;
using global::Grpc.Core;
using Qmtl.Testing;

namespace Compat.Grpc.Tests;

public sealed class CompressionTests
{
    private static readonly Ask Zeros = new() { Payload = ByteString.CopyFrom(new byte[50_000]) };
    private static readonly Metadata AskForGzip = new() { { "grpc-internal-encoding-request", "gzip" } };

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Response_EncodingTheClientAccepts_IsCompressed(string encoding)
    {
        await using var host = await ProbeHost.StartAsync(options =>
        {
            options.ResponseCompressionAlgorithm = encoding;
            options.ResponseCompressionLevel = CompressionLevel.Fastest;
        });

        Assert.Equal(50_000, (await host.Client().EchoAsync(Zeros).ResponseAsync.Within()).Payload.Length);

        using var raw = new RawCall(host.Address);
        var (response, body) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(Zeros), headers: ("grpc-accept-encoding", $"identity,{encoding}")).Within();
        Assert.Equal([encoding], response.Headers.GetValues("grpc-encoding"));
        Assert.Equal(1, body[0]);
        Assert.InRange(body.Length, 10, 5_000);
    }

    [Fact]
    public async Task Response_EncodingTheClientDoesNotAccept_IsPlain()
    {
        await using var host = await ProbeHost.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        using var raw = new RawCall(host.Address);

        var (response, body) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(Zeros), headers: ("grpc-accept-encoding", "identity")).Within();

        Assert.False(response.Headers.Contains("grpc-encoding"));
        Assert.Equal(0, body[0]);
        Assert.InRange(body.Length, 50_000, 60_000);
    }

    [Fact]
    public async Task Response_HandlerThatDeclines_IsPlain()
    {
        await using var host = await ProbeHost.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        using var raw = new RawCall(host.Address);

        var (_, body) = await raw.PostAsync(
            "/qmtl.probe.v1.Probe/Echo", RawCall.Frame(new Ask { Behaviour = "no-compress", Payload = Zeros.Payload }), headers: ("grpc-accept-encoding", "gzip")).Within();

        Assert.Equal(0, body[0]);
    }

    [Fact]
    public async Task Request_Compressed_IsUnderstood()
    {
        await using var host = await ProbeHost.StartAsync();
        var client = host.Client();

        Assert.Equal(50_000, (await client.EchoAsync(Zeros, AskForGzip).ResponseAsync.Within()).Count);

        using var call = client.Collect(AskForGzip);
        for (var i = 0; i < 10; i++)
        {
            call.RequestStream.WriteOptions = new WriteOptions(i % 2 == 0 ? default : WriteFlags.NoCompress);
            await call.RequestStream.WriteAsync(Zeros).Within();
        }

        await call.RequestStream.CompleteAsync();
        Assert.Equal(10, (await call.ResponseAsync.Within()).Count);
    }

    [Fact]
    public async Task Message_CompressedIntoManyBuffers_ArrivesUnchangedBothWays()
    {
        await using var host = await ProbeHost.StartAsync(options => options.ResponseCompressionAlgorithm = "gzip");
        var noise = new byte[2_000_000];
        new Random(1).NextBytes(noise);

        var answer = await host.Client().EchoAsync(new Ask { Payload = ByteString.CopyFrom(noise) }, AskForGzip).ResponseAsync.Within();

        Assert.Equal(noise, answer.Payload.ToByteArray());
    }

    [Fact]
    public async Task Request_UnknownEncoding_IsUnimplementedAndNamesTheKnownOnes()
    {
        await using var host = await ProbeHost.StartAsync();
        using var raw = new RawCall(host.Address);

        var (response, _) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(Zeros, flag: 1), headers: ("grpc-encoding", "brotli")).Within();

        Assert.Equal("12", RawCall.Status(response));
        Assert.Contains("gzip", Assert.Single(response.Headers.GetValues("grpc-accept-encoding")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_CompressedFlagWithoutEncoding_IsInternal()
    {
        await using var host = await ProbeHost.StartAsync();
        using var raw = new RawCall(host.Address);

        var (response, _) = await raw.PostAsync("/qmtl.probe.v1.Probe/Echo", RawCall.Frame(Zeros, flag: 1)).Within();

        Assert.Equal("13", RawCall.Status(response));
    }
}
