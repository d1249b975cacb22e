using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using global::Google.Protobuf;

namespace Compat.Grpc.Tests.Hosting;

/// <summary>A call without a gRPC client: what is on the wire, and no more.</summary>
public sealed class RawCall(string address) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri(address) };

    public Version Version { get; init; } = HttpVersion.Version20;

    public static byte[] Frame(IMessage message, byte flag = 0)
    {
        var payload = message.ToByteArray();
        var frame = new byte[5 + payload.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame, 5);
        return frame;
    }

    public async Task<(HttpResponseMessage Response, byte[] Body)> PostAsync(string path, byte[] body, string? contentType = "application/grpc", params (string Name, string Value)[] headers)
    {
        using var content = new ByteArrayContent(body);
        if (contentType is not null) content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Version = Version, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        var response = await _http.SendAsync(request);
        return (response, await response.Content.ReadAsByteArrayAsync());
    }

    /// <summary>The status, from the trailers or, without messages, from the headers.</summary>
    public static string? Status(HttpResponseMessage response, string name = "grpc-status") =>
        response.TrailingHeaders.TryGetValues(name, out var trailer) ? trailer.Single()
        : response.Headers.TryGetValues(name, out var header) ? header.Single()
        : null;

    public void Dispose() => _http.Dispose();
}
