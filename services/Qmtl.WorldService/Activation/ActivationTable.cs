using System.Collections.Concurrent;
using Qmtl.Storage;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Activation;

/// <summary>
/// Where activation is read from: fast, shared, and at any time rebuilt from SQL. An entry is replaced only by a newer version, so
/// that updates may arrive twice and in any order.
/// </summary>
internal interface IActivationCache
{
    /// <summary>All entries of a world, or null when the cache does not hold the world.</summary>
    ValueTask<IReadOnlyList<ActivationEntry>?> ListAsync(string worldId, CancellationToken cancellationToken);

    /// <summary>Takes in all entries of a world, so that from here on it is held.</summary>
    ValueTask LoadAsync(string worldId, IReadOnlyList<ActivationEntry> entries, CancellationToken cancellationToken);

    /// <summary>Takes in changes to a world, also to one that is not held (yet).</summary>
    ValueTask PutAsync(string worldId, IReadOnlyList<ActivationEntry> entries, CancellationToken cancellationToken);

    /// <summary>Holds the world no longer.</summary>
    ValueTask ForgetAsync(string worldId, CancellationToken cancellationToken);
}

/// <summary>Reads activation from the cache, and from SQL where the cache does not know or does not answer.</summary>
/// <param name="age">Measures how long ago a world was compared: a matter of the process, not of the worlds' clock.</param>
internal sealed partial class ActivationTable(IDatabase database, IActivationCache cache, WorldMetrics metrics, TimeProvider clock, TimeProvider age, ILogger<ActivationTable> logger)
{
    /// <summary>How long the cache is trusted without comparing it with the store.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    // A process that died between a commit and its cache left the cache behind, and a cache in memory does not see what others write: a world is
    // compared before it is trusted, again after every event about it, and again when that is too long ago.
    private readonly ConcurrentDictionary<string, long> _compared = new(StringComparer.Ordinal);

    public async Task<IReadOnlyList<ActivationEntry>> ListAsync(string worldId, CancellationToken cancellationToken)
    {
        try
        {
            var now = age.GetTimestamp();
            if (_compared.TryGetValue(worldId, out var compared) && age.GetElapsedTime(compared, now) < MaxAge && await cache.ListAsync(worldId, cancellationToken) is { } held) return held;
            var entries = await FromSqlAsync(worldId, cancellationToken);
            await cache.LoadAsync(worldId, entries, cancellationToken);
            _compared[worldId] = now;
            return entries;
        }
        catch (ActivationCacheException error)
        {
            LogCacheFailed(logger, error, worldId);
            return await FromSqlAsync(worldId, cancellationToken);
        }
    }

    /// <summary>Takes in what a transaction committed. A cache that fails here is told to forget, and rebuilt by the next reader.</summary>
    public async Task PutAsync(string worldId, IReadOnlyList<ActivationEntry> entries)
    {
        if (entries.Count == 0) return;
        try
        {
            // The commit is done: the caller's cancellation must not leave the cache behind it.
            await cache.PutAsync(worldId, entries, CancellationToken.None);
            metrics.Activated(clock.GetUtcNow() - entries.Max(entry => entry.Ts));
        }
        catch (ActivationCacheException error)
        {
            _compared.TryRemove(worldId, out _);
            LogCacheFailed(logger, error, worldId);
        }
    }

    /// <summary>Compares a world with the store before it is read again.</summary>
    public void Recheck(string worldId) => _compared.TryRemove(worldId, out _);

    public async Task ForgetAsync(string worldId)
    {
        _compared.TryRemove(worldId, out _);
        try
        {
            await cache.ForgetAsync(worldId, CancellationToken.None);
        }
        catch (ActivationCacheException error)
        {
            LogCacheFailed(logger, error, worldId);
        }
    }

    private Task<IReadOnlyList<ActivationEntry>> FromSqlAsync(string worldId, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            await WorldStore.GetAsync(session, worldId);
            return await ActivationStore.ListAsync(session, worldId);
        },
        cancellationToken);

    [LoggerMessage(1, LogLevel.Warning, "The activation cache did not answer for world {WorldId}; reading from SQL.")]
    private static partial void LogCacheFailed(ILogger logger, Exception error, string worldId);
}

/// <summary>The cache cannot be reached or does not answer.</summary>
internal sealed class ActivationCacheException(string message, Exception inner) : Exception(message, inner);
