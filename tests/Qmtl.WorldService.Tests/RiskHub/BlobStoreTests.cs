using System.Net;
using System.Text;
using Qmtl.Testing;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.RiskHub.Blobs;
using Qmtl.WorldService.Tests.Service;
using StackExchange.Redis;

namespace Qmtl.WorldService.Tests.RiskHub;

/// <summary>What every blob store must do.</summary>
public abstract class BlobStoreTests
{
    private protected abstract Task<IRiskBlobStore> CreateAsync();

    [ConformanceFact]
    public async Task PutGetDelete_KeepAndForget()
    {
        var store = await CreateAsync();
        Assert.Null(await store.GetAsync("w/a-1", default).Within());
        await store.PutAsync("w/a-1", [1, 2, 3], default).Within();
        await store.PutAsync("w/a-1", [1, 2, 3], default).Within();
        await store.PutAsync("w/a-2", [], default).Within();
        var (full, empty) = (await store.GetAsync("w/a-1", default).Within(), await store.GetAsync("w/a-2", default).Within());
        Assert.Equal("010203", Convert.ToHexString(full!));
        Assert.Equal("", Convert.ToHexString(empty!));
        await store.DeleteAsync("w/a-1", default).Within();
        await store.DeleteAsync("w/a-1", default).Within();
        Assert.Null(await store.GetAsync("w/a-1", default).Within());
        Assert.NotNull(await store.GetAsync("w/a-2", default).Within());
    }
}

/// <summary>In files.</summary>
public sealed class FileBlobStoreTests : BlobStoreTests
{
    private protected override Task<IRiskBlobStore> CreateAsync() => Task.FromResult<IRiskBlobStore>(new FileBlobStore(Directory.CreateTempSubdirectory("qmtl-blobs-").FullName));

    [Fact]
    public async Task ALocationOutsideOfTheStore_IsRefused() =>
        await Assert.ThrowsAsync<RiskBlobException>(() => new FileBlobStore(Path.GetTempPath()).PutAsync("../../etc/x", [1], default));
}

/// <summary>In Redis.</summary>
[Requires(Needs.Redis)]
public sealed class RedisBlobStoreTests : BlobStoreTests
{
    private protected override async Task<IRiskBlobStore> CreateAsync() =>
        new RedisBlobStore(await ConnectionMultiplexer.ConnectAsync((await RedisServer.SharedAsync()).ConnectionString).Within(), $"t{Guid.NewGuid():N}");
}

/// <summary>The requests to S3.</summary>
public sealed class S3BlobStoreTests
{
    [Fact]
    public void Sign_IsWhatAnIndependentComputationGives()
    {
        // Computed with Python's hmac and hashlib from the steps of AWS Signature Version 4.
        var options = new BlobStoreOptions { AccessKey = "AKIDEXAMPLE", SecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Region = "us-east-1" };
        var header = S3BlobStore.Sign(
            HttpMethod.Put, new Uri("http://s3.example.com:9000/bucket/risk-hub/w/a-1"), S3BlobStore.Sha256(Encoding.UTF8.GetBytes("hello")), new DateTimeOffset(2026, 1, 5, 12, 0, 0, TimeSpan.Zero), options);
        Assert.Equal("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260105/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=60ff743ddf2dc35d5b5bd7f69038b173c68f5a193ec7391b176fdbbd3db192a3", header);
    }

    [Theory]
    [InlineData("", "b", "Endpoint")]
    [InlineData("http://x", "", "Bucket")]
    public void Create_IncompleteOptions_NamesTheOne(string endpoint, string bucket, string name) =>
        Assert.Contains(name, Assert.Throws<InvalidOperationException>(() => new S3BlobStore(new BlobStoreOptions { Endpoint = endpoint, Bucket = bucket }, TimeProvider.System)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task AServiceThatDoesNotAnswer_IsABlobFailure()
    {
        using var store = new S3BlobStore(new BlobStoreOptions { Endpoint = $"http://{IPAddress.Loopback}:1", Bucket = "b" }, TimeProvider.System);
        await Assert.ThrowsAsync<RiskBlobException>(() => store.GetAsync("w/a", default).Within());
    }
}

/// <summary>The whole hub, with its blobs in files.</summary>
public sealed class FileBlobRiskHubTests : RiskHubTests
{
    private readonly string _blobs = Directory.CreateTempSubdirectory("qmtl-blobs-").FullName;

    private protected override Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) => WorldHost.StartAsync(settings
        .Append(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-ws-").FullName))
        .Append(("WorldService:RiskHub:BlobStore:Type", "file"))
        .Append(("WorldService:RiskHub:BlobStore:Directory", _blobs))
        .ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));

    [Fact]
    public async Task BlobsNobodyUses_LeaveTheDirectory()
    {
        await OldSnapshots_AreForgotten_WithTheirBlobs();
        Assert.Single(Directory.GetFiles(_blobs, "*", SearchOption.AllDirectories));
    }
}
