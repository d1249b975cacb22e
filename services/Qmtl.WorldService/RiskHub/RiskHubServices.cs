using Qmtl.WorldService.RiskHub.Blobs;
using StackExchange.Redis;

namespace Qmtl.WorldService.RiskHub;

/// <summary>The Risk Signal Hub within the host.</summary>
internal static class RiskHubServices
{
    public static IServiceCollection AddRiskHub(this IServiceCollection services, IConfiguration configuration)
    {
        var options = configuration.GetSection(RiskHubOptions.Section).Get<RiskHubOptions>() ?? new RiskHubOptions();
        services.AddSingleton(options);
        services.AddSingleton<RiskHubMetrics>();
        services.AddSingleton(provider => new RiskBlobs(options, Store(options.BlobStore, provider)));
        services.AddSingleton<RiskSnapshots>();
        services.AddSingleton<RiskHubHandler>();
        services.AddHostedService<RiskLagWatch>();
        return services;
    }

    /// <summary>Where blobs lie; null is beside the snapshots.</summary>
    private static IRiskBlobStore? Store(BlobStoreOptions options, IServiceProvider provider) => options.Type switch
    {
        "sql" or "" => null,
        "file" => new FileBlobStore(options.Directory),
        "redis" => new RedisBlobStore(
            provider.GetService<IConnectionMultiplexer>() ?? throw new InvalidOperationException($"{RiskHubOptions.Section}:BlobStore:Type is redis, which needs ConnectionStrings:redis."), options.Prefix),
        "s3" => new S3BlobStore(options, provider.GetRequiredService<TimeProvider>()),
        var other => throw new InvalidOperationException($"{RiskHubOptions.Section}:BlobStore:Type must be sql, file, redis or s3, was '{other}'."),
    };
}
