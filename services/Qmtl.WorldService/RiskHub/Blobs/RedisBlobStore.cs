using StackExchange.Redis;

namespace Qmtl.WorldService.RiskHub.Blobs;

/// <summary>Blobs as Redis strings. The Redis must persist: a blob that it loses makes its snapshot unreadable, and with that whatever needs it fails closed.</summary>
internal sealed class RedisBlobStore(IConnectionMultiplexer redis, string prefix) : IRiskBlobStore
{
    public Task PutAsync(string location, byte[] content, CancellationToken cancellationToken) =>
        GuardAsync(database => database.StringSetAsync(Key(location), content), cancellationToken);

    public Task<byte[]?> GetAsync(string location, CancellationToken cancellationToken) =>
        GuardAsync(async database => (byte[]?)await database.StringGetAsync(Key(location)), cancellationToken);

    public Task DeleteAsync(string location, CancellationToken cancellationToken) => GuardAsync(database => database.KeyDeleteAsync(Key(location)), cancellationToken);

    private RedisKey Key(string location) => $"{prefix}:blob:{location}";

    private async Task<T> GuardAsync<T>(Func<StackExchange.Redis.IDatabase, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask(redis.GetDatabase()).WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            throw new RiskBlobException($"Redis does not keep blobs: {error.Message}", error);
        }
    }
}
