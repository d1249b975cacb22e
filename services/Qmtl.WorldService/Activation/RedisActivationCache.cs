using System.Globalization;
using System.Text.Json;
using StackExchange.Redis;

namespace Qmtl.WorldService.Activation;

/// <summary>The cache that several processes share: one hash <c>world:{id}:active</c> a world.</summary>
/// <remarks>
/// A field is <c>strategy|side</c>, its value <c>version json</c>. The field without a name says that the hash is complete; after a
/// loss of Redis it is gone with the rest, so that a half-filled hash is never taken for a whole one.
/// </remarks>
internal sealed class RedisActivationCache(IConnectionMultiplexer redis) : IActivationCache
{
    private const string CompleteField = "";

    // Comparing and writing must be one step: two processes put entries of one world at the same time.
    private const string MergeScript =
        """
        for i = 2, #ARGV, 3 do
          local held = redis.call('HGET', KEYS[1], ARGV[i])
          local version = held and tonumber(string.match(held, '^%d+')) or 0
          if version < tonumber(ARGV[i + 1]) then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. ' ' .. ARGV[i + 2]) end
        end
        if ARGV[1] == '1' then redis.call('HSET', KEYS[1], '', '1') end
        return 1
        """;

    public ValueTask<IReadOnlyList<ActivationEntry>?> ListAsync(string worldId, CancellationToken cancellationToken) => AskAsync(async database =>
    {
        var fields = await database.HashGetAllAsync(Key(worldId)).WaitAsync(cancellationToken);
        if (!fields.Any(field => field.Name == CompleteField)) return null;
        return (IReadOnlyList<ActivationEntry>?)[.. fields
            .Where(field => field.Name != CompleteField)
            .Select(field => Read(field.Value!))
            .OrderBy(entry => entry.StrategyId, StringComparer.Ordinal).ThenBy(entry => entry.Side, StringComparer.Ordinal)];
    });

    public async ValueTask LoadAsync(string worldId, IReadOnlyList<ActivationEntry> entries, CancellationToken cancellationToken) =>
        await MergeAsync(worldId, entries, complete: true, cancellationToken);

    public async ValueTask PutAsync(string worldId, IReadOnlyList<ActivationEntry> entries, CancellationToken cancellationToken) =>
        await MergeAsync(worldId, entries, complete: false, cancellationToken);

    public async ValueTask ForgetAsync(string worldId, CancellationToken cancellationToken) =>
        await AskAsync(database => database.KeyDeleteAsync(Key(worldId)).WaitAsync(cancellationToken));

    private ValueTask<RedisResult> MergeAsync(string worldId, IReadOnlyList<ActivationEntry> entries, bool complete, CancellationToken cancellationToken)
    {
        RedisValue[] arguments =
        [
            complete ? "1" : "0",
            .. entries.SelectMany(entry => new RedisValue[]
            {
                $"{entry.StrategyId}|{entry.Side}", entry.EntryVersion.ToString(CultureInfo.InvariantCulture), JsonSerializer.Serialize(entry),
            }),
        ];
        return AskAsync(database => database.ScriptEvaluateAsync(MergeScript, [Key(worldId)], arguments).WaitAsync(cancellationToken));
    }

    private async ValueTask<T> AskAsync<T>(Func<IDatabase, Task<T>> ask)
    {
        try
        {
            return await ask(redis.GetDatabase());
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            throw new ActivationCacheException("Redis did not answer.", error);
        }
    }

    private static RedisKey Key(string worldId) => $"world:{worldId}:active";

    private static ActivationEntry Read(string value) => JsonSerializer.Deserialize<ActivationEntry>(value.AsSpan(value.IndexOf(' ', StringComparison.Ordinal) + 1))!;
}
