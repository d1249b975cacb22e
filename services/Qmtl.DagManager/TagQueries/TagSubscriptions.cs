using System.Collections.Concurrent;
using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.DagManager.TagQueries;

/// <summary>Remembers which tag queries somebody follows: whoever asks one is told when its answer changes, until he has not asked for a day.</summary>
internal sealed class TagSubscriptions(IDatabase database, TimeProvider time)
{
    /// <summary>How long a query is followed after it was last asked.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Queries that are followed at most; those beyond are answered, but not told of changes.</summary>
    public const int Most = 10_000;

    // Askers repeat themselves every few seconds; the store need not know that precisely.
    private static readonly TimeSpan Renewal = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _renewed = new(StringComparer.Ordinal);

    /// <summary>Follows a query.</summary>
    /// <returns>Whether it was written: what is read from now on is followed from now on.</returns>
    /// <exception cref="StorageException">The store does not answer; the query is not followed.</exception>
    public async ValueTask<bool> FollowAsync(TagQuery query, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var key = query.Key;
        if (_renewed.TryGetValue(key, out var at) && now - at < Renewal) return false;
        var followed = await database.WriteAsync(
            unit => unit.ExecuteAsync(
                """
                INSERT INTO dm_tag_subscriptions (tags, interval_s, match_mode, world_id, execution_domain, asked_at)
                SELECT @tags, @Interval, @match, @WorldId, @domain, @Now
                WHERE (SELECT COUNT(*) FROM dm_tag_subscriptions) < @Most
                   OR EXISTS (SELECT 1 FROM dm_tag_subscriptions WHERE tags = @tags AND interval_s = @Interval AND match_mode = @match AND world_id = @WorldId AND execution_domain = @domain)
                ON CONFLICT (tags, interval_s, match_mode, world_id, execution_domain) DO UPDATE SET asked_at = excluded.asked_at
                """,
                new { tags = string.Join(',', query.Tags), query.Interval, match = query.Match.ToToken(), query.WorldId, domain = query.Domain.ToToken(), unit.Now, Most }),
            cancellation);
        if (followed == 0) return false;
        if (_renewed.Count >= Most) Forget(now);
        _renewed[key] = now;
        return true;
    }

    /// <summary>The queries that are followed now.</summary>
    public static async Task<IReadOnlyList<TagQuery>> ReadAsync(ISession session, DateTimeOffset now)
    {
        var rows = await session.QueryAsync<Row>(
            "SELECT tags, interval_s, match_mode, world_id, execution_domain FROM dm_tag_subscriptions WHERE asked_at > @since", new { since = now - Lifetime });
        return
        [
            .. rows.Select(row => new TagQuery(
                row.Tags.Split(','), row.IntervalS, row.MatchMode is "all" ? TagMatch.All : TagMatch.Any, row.WorldId, ExecutionModes.ParseDomain(row.ExecutionDomain) ?? ExecutionDomain.Backtest)),
        ];
    }

    /// <summary>Removes queries that nobody has asked for long enough.</summary>
    public static Task<int> SweepAsync(IUnitOfWork unit) => unit.ExecuteAsync("DELETE FROM dm_tag_subscriptions WHERE asked_at <= @before", new { before = unit.Now - Lifetime });

    private void Forget(DateTimeOffset now)
    {
        foreach (var (key, at) in _renewed)
        {
            if (now - at >= Renewal) _renewed.TryRemove(key, out _);
        }
    }

    private sealed record Row
    {
        public string Tags { get; init; } = "";

        public int IntervalS { get; init; }

        public string MatchMode { get; init; } = "";

        public string WorldId { get; init; } = "";

        public string ExecutionDomain { get; init; } = "";
    }
}
