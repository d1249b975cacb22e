using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Qmtl.WorldService.RiskHub.Blobs;

/// <summary>Blobs as objects of an S3 service, addressed as <c>endpoint/bucket/prefix/location</c>.</summary>
/// <remarks>Three plain requests signed with AWS Signature Version 4 need no client library; every S3-compatible service takes them.</remarks>
internal sealed class S3BlobStore : IRiskBlobStore, IDisposable
{
    private const string Algorithm = "AWS4-HMAC-SHA256";
    private const string SignedHeaders = "host;x-amz-content-sha256;x-amz-date";

    private readonly BlobStoreOptions _options;
    private readonly TimeProvider _clock;
    private readonly Uri _endpoint;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public S3BlobStore(BlobStoreOptions options, TimeProvider clock)
    {
        if (!Uri.TryCreate(options.Endpoint, UriKind.Absolute, out var endpoint)) throw new InvalidOperationException($"{RiskHubOptions.Section}:BlobStore:Endpoint must be the address of the S3 service, was '{options.Endpoint}'.");
        if (options.Bucket.Length == 0) throw new InvalidOperationException($"{RiskHubOptions.Section}:BlobStore:Bucket must name the bucket.");
        (_options, _clock, _endpoint) = (options, clock, endpoint);
    }

    public async Task PutAsync(string location, byte[] content, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Put, location, content, cancellationToken);
        Check(response, location);
    }

    public async Task<byte[]?> GetAsync(string location, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, location, [], cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        Check(response, location);
        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    public async Task DeleteAsync(string location, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Delete, location, [], cancellationToken);
        if (response.StatusCode != HttpStatusCode.NotFound) Check(response, location);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The Authorization header of a request; pure, so that it can be held against the published example.</summary>
    internal static string Sign(HttpMethod method, Uri uri, string payloadHash, DateTimeOffset now, BlobStoreOptions options)
    {
        var time = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{time[..8]}/{options.Region}/s3/aws4_request";
        var canonical = $"{method}\n{uri.AbsolutePath}\n\nhost:{uri.Authority}\nx-amz-content-sha256:{payloadHash}\nx-amz-date:{time}\n\n{SignedHeaders}\n{payloadHash}";
        var toSign = $"{Algorithm}\n{time}\n{scope}\n{Sha256(Encoding.UTF8.GetBytes(canonical))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + options.SecretKey);
        foreach (var part in scope.Split('/')) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        return $"{Algorithm} Credential={options.AccessKey}/{scope}, SignedHeaders={SignedHeaders}, Signature={Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)))}";
    }

    internal static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string location, byte[] content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(_endpoint, $"/{_options.Bucket}/{_options.Prefix}/{location}"));
        if (method == HttpMethod.Put) request.Content = new ByteArrayContent(content);
        var (now, hash) = (_clock.GetUtcNow(), Sha256(content));
        request.Headers.Add("x-amz-content-sha256", hash);
        request.Headers.Add("x-amz-date", now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture));
        if (_options.AccessKey.Length > 0) request.Headers.TryAddWithoutValidation("Authorization", Sign(method, request.RequestUri!, hash, now, _options));
        try
        {
            return await _http.SendAsync(request, cancellationToken);
        }
        catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new RiskBlobException($"The S3 service does not answer: {error.Message}", error);
        }
    }

    private static void Check(HttpResponseMessage response, string location)
    {
        if (!response.IsSuccessStatusCode) throw new RiskBlobException($"The S3 service answered {(int)response.StatusCode} for '{location}'.");
    }
}
