using System.Globalization;
using System.Text.Json;
using Qmtl.Identity;
using Qmtl.Storage;

namespace Qmtl.Gateway.Submissions;

/// <summary>What working on a submission led to: where its nodes publish.</summary>
/// <param name="SentinelId">Id of the version boundary.</param>
/// <param name="QueueMap">Partition key to topic, over all worlds.</param>
/// <param name="NodeQueues">Node id to topic, in the first world.</param>
internal sealed record SubmissionOutcome(string SentinelId, IReadOnlyDictionary<string, string> QueueMap, IReadOnlyDictionary<string, string> NodeQueues)
{
    /// <summary>What is known while the diff is under way.</summary>
    public static SubmissionOutcome None { get; } = new("", new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
}

/// <summary>A submission as it stands in the store.</summary>
internal sealed record StoredSubmission
{
    public string StrategyId { get; init; } = "";

    public string DagJson { get; init; } = "";

    public int NodeCount { get; init; }

    public string MetaJson { get; init; } = "{}";

    public string WorldIdsJson { get; init; } = "[]";

    public string ContextJson { get; init; } = "[]";

    public string Status { get; init; } = "";

    public string Reason { get; init; } = "";

    public int Attempts { get; init; }

    public string Owner { get; init; } = "";

    public DateTimeOffset HeldUntil { get; init; }

    public string OutcomeJson { get; init; } = "";

    public DateTimeOffset SubmittedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public IReadOnlyList<string> WorldIds => JsonSerializer.Deserialize<string[]>(WorldIdsJson) ?? [];

    public IReadOnlyList<ComputeContext> Contexts => JsonSerializer.Deserialize<ComputeContext[]>(ContextJson) ?? [];

    public SubmissionOutcome Outcome => OutcomeJson.Length == 0 ? SubmissionOutcome.None : JsonSerializer.Deserialize<SubmissionOutcome>(OutcomeJson) ?? SubmissionOutcome.None;
}

/// <summary>The right to work on a submission.</summary>
/// <param name="Owner">Who has it; different for every attempt, so that nobody ends what somebody else took over.</param>
/// <param name="For">For how long, unless the work ends before.</param>
internal readonly record struct SubmissionHold(string Owner, TimeSpan For);

/// <summary>Which submissions to list.</summary>
internal sealed record SubmissionQuery(string World, string Status, int Limit, DateTimeOffset Before, string BeforeId);

/// <summary>Keeps submissions. Each method runs in the caller's transaction.</summary>
internal static class SubmissionStore
{
    /// <summary>The next attempt of a submission that failed for good.</summary>
    private static readonly DateTimeOffset Never = UnixTime.FromNanoseconds(long.MaxValue);

    /// <summary>Takes a submission in.</summary>
    /// <exception cref="UniqueViolationException">The same one is there.</exception>
    public static async Task InsertAsync(IUnitOfWork unit, string strategyId, Submission submission, IReadOnlyList<ComputeContext> contexts, SubmissionHold hold, TimeSpan dedupeFor)
    {
        var dedupeKey = submission.DedupeKey(contexts[0]);
        await unit.ExecuteAsync("DELETE FROM gw_dedupe WHERE dedupe_key = @dedupeKey AND expires_at <= @Now", new { dedupeKey, unit.Now });
        await unit.ExecuteAsync(
            "INSERT INTO gw_dedupe (dedupe_key, strategy_id, expires_at) VALUES (@dedupeKey, @strategyId, @expiresAt)",
            new { dedupeKey, strategyId, expiresAt = unit.Now + dedupeFor });
        await unit.ExecuteAsync(
            """
            INSERT INTO gw_strategies (strategy_id, dag_json, dag_hash, node_count, node_ids_crc32, meta_json, world_ids_json, context_json,
                                       status, reason, attempts, owner, held_until, outcome_json, submitted_at, updated_at)
            VALUES (@strategyId, @DagJson, @DagHash, @nodes, @crc, @MetaJson, @worlds, @contexts, 'queued', '', 0, @Owner, @until, '', @Now, @Now)
            """,
            new
            {
                strategyId,
                submission.DagJson,
                submission.DagHash,
                nodes = submission.Nodes.Count,
                crc = (long)submission.Crc,
                submission.MetaJson,
                worlds = JsonSerializer.Serialize(submission.WorldIds),
                contexts = JsonSerializer.Serialize(contexts),
                hold.Owner,
                until = unit.Now + hold.For,
                unit.Now,
            });
        foreach (var worldId in submission.WorldIds)
            await unit.ExecuteAsync("INSERT INTO gw_strategy_worlds (world_id, strategy_id) VALUES (@worldId, @strategyId)", new { worldId, strategyId });
        await RecordAsync(unit, strategyId, "submitted", "", SubmissionStatus.Queued, "");
    }

    /// <summary>The strategy that holds a dedupe key, or null.</summary>
    public static Task<string?> FindDuplicateAsync(ISession session, string dedupeKey) =>
        session.ScalarAsync<string>("SELECT strategy_id FROM gw_dedupe WHERE dedupe_key = @dedupeKey", new { dedupeKey });

    /// <summary>Forgets what may be submitted again.</summary>
    public static Task<int> ForgetExpiredAsync(IUnitOfWork unit) => unit.ExecuteAsync("DELETE FROM gw_dedupe WHERE expires_at <= @Now", new { unit.Now });

    /// <summary>Reads one.</summary>
    public static Task<StoredSubmission?> FindAsync(ISession session, string strategyId) =>
        session.FirstOrDefaultAsync<StoredSubmission>("SELECT * FROM gw_strategies WHERE strategy_id = @strategyId", new { strategyId });

    /// <summary>Newest first.</summary>
    public static Task<IReadOnlyList<StoredSubmission>> ListAsync(ISession session, SubmissionQuery query) => session.QueryAsync<StoredSubmission>(
        $"""
        SELECT * FROM gw_strategies s
        WHERE (@World = '' OR EXISTS (SELECT 1 FROM gw_strategy_worlds w WHERE w.strategy_id = s.strategy_id AND w.world_id = @World))
          AND (@Status = '' OR s.status = @Status)
          AND (s.submitted_at < @Before OR (s.submitted_at = @Before AND s.strategy_id {session.Dialect.Ordinal} < @BeforeId))
        ORDER BY s.submitted_at DESC, s.strategy_id {session.Dialect.Ordinal} DESC
        LIMIT @Limit
        """,
        query);

    /// <summary>How many wait for their diff.</summary>
    public static Task<int> CountWaitingAsync(ISession session) =>
        session.ScalarAsync<int>("SELECT COUNT(*) FROM gw_strategies WHERE status IN ('queued', 'processing', 'failed') AND held_until < @Never", new { Never });

    /// <summary>Work that nobody holds.</summary>
    public static Task<IReadOnlyList<string>> FindAbandonedAsync(ISession session, DateTimeOffset now, int limit) => session.QueryAsync<string>(
        """
        SELECT strategy_id FROM gw_strategies
        WHERE status IN ('queued', 'processing', 'failed') AND held_until <= @now
        ORDER BY submitted_at LIMIT @limit
        """,
        new { now, limit });

    /// <summary>Holds a submission, unless somebody else does or it is done.</summary>
    /// <returns>The submission, or null.</returns>
    public static async Task<StoredSubmission?> ClaimAsync(IUnitOfWork unit, string strategyId, SubmissionHold hold)
    {
        await unit.LockAsync($"gw:{strategyId}");
        var stored = await FindAsync(unit, strategyId);
        if (stored is null || (stored.HeldUntil > unit.Now && stored.Owner != hold.Owner)) return null;
        if (SubmissionStates.Parse(stored.Status) is not { } from || SubmissionStates.Next(from, SubmissionEvent.Process) is not { } next) return null;
        var attempts = stored.Attempts + 1;
        await unit.ExecuteAsync(
            "UPDATE gw_strategies SET status = @status, owner = @Owner, held_until = @until, attempts = @attempts, updated_at = @Now WHERE strategy_id = @strategyId",
            new { strategyId, status = next.ToToken(), hold.Owner, until = unit.Now + hold.For, attempts, unit.Now });
        await RecordAsync(unit, strategyId, Attempt("process", attempts), stored.Status, next, "");
        return stored with { Status = next.ToToken(), Owner = hold.Owner, Attempts = attempts };
    }

    /// <summary>Ends an attempt well. Does nothing when somebody else took over.</summary>
    public static async Task CompleteAsync(IUnitOfWork unit, StoredSubmission held, SubmissionOutcome outcome)
    {
        var changed = await unit.ExecuteAsync(
            "UPDATE gw_strategies SET status = 'completed', reason = '', outcome_json = @outcome, updated_at = @Now WHERE strategy_id = @StrategyId AND owner = @Owner AND attempts = @Attempts AND status = 'processing'",
            new { held.StrategyId, held.Owner, held.Attempts, outcome = JsonSerializer.Serialize(outcome), unit.Now });
        if (changed == 1) await RecordAsync(unit, held.StrategyId, Attempt("complete", held.Attempts), held.Status, SubmissionStatus.Completed, "");
    }

    /// <summary>Ends an attempt badly; another may start at <paramref name="retryAt"/>. When that is null it failed for good, and the same may be submitted again.</summary>
    public static async Task FailAsync(IUnitOfWork unit, StoredSubmission held, string reason, DateTimeOffset? retryAt)
    {
        var changed = await unit.ExecuteAsync(
            "UPDATE gw_strategies SET status = 'failed', reason = @reason, held_until = @until, updated_at = @Now WHERE strategy_id = @StrategyId AND owner = @Owner AND attempts = @Attempts AND status = 'processing'",
            new { held.StrategyId, held.Owner, held.Attempts, reason, until = retryAt ?? Never, unit.Now });
        if (changed == 0) return;
        if (retryAt is null) await unit.ExecuteAsync("DELETE FROM gw_dedupe WHERE strategy_id = @StrategyId", new { held.StrategyId });
        await RecordAsync(unit, held.StrategyId, Attempt("fail", held.Attempts), held.Status, SubmissionStatus.Failed, reason);
    }

    private static string Attempt(string what, int attempts) => string.Create(CultureInfo.InvariantCulture, $"{what}:{attempts}");

    private static Task<int> RecordAsync(IUnitOfWork unit, string strategyId, string eventId, string from, SubmissionStatus to, string reason) => unit.ExecuteAsync(
        """
        INSERT INTO gw_strategy_events (strategy_id, event_id, from_status, to_status, reason, at)
        VALUES (@strategyId, @eventId, @from, @to, @reason, @Now) ON CONFLICT (strategy_id, event_id) DO NOTHING
        """,
        new { strategyId, eventId, from, to = to.ToToken(), reason, unit.Now });
}
