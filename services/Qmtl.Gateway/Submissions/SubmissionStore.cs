using System.Text.Json;
using Qmtl.Storage;

namespace Qmtl.Gateway.Submissions;

/// <summary>Takes submissions in and reads them. Each method runs in the caller's transaction.</summary>
internal static class SubmissionStore
{
    /// <summary>Everything but the graph, which is the bulk of a row and which nobody lists.</summary>
    private const string Listed = "s.strategy_id, s.node_count, s.meta_json, s.world_ids_json, s.context_json, s.status, s.reason, s.attempts, s.owner, s.submitted_at, s.updated_at, COALESCE(o.outcome_json, '') AS outcome_json";

    private const string From = "gw_strategies s LEFT JOIN gw_outcomes o ON o.strategy_id = s.strategy_id";

    /// <summary>Takes in those of a batch that are not there already.</summary>
    /// <param name="unit">The transaction.</param>
    /// <param name="batch">What to take in; no two with the same key.</param>
    /// <param name="hold">The right to work on those that are held.</param>
    /// <param name="dedupeFor">How long the same is refused.</param>
    /// <returns>For each key the strategy that has it now: the new one, or the one that was there.</returns>
    public static async Task<IReadOnlyDictionary<string, string>> InsertAsync(IUnitOfWork unit, IReadOnlyList<PendingSubmission> batch, SubmissionHold hold, TimeSpan dedupeFor)
    {
        var keys = new RowBatch(
            "gw_dedupe (dedupe_key, strategy_id, expires_at, taken_at)",
            "ON CONFLICT (dedupe_key) DO UPDATE SET strategy_id = excluded.strategy_id, expires_at = excluded.expires_at, taken_at = excluded.taken_at WHERE gw_dedupe.expires_at <= excluded.taken_at");
        // In one order for all gateways: two that meet in several keys never wait for each other in a circle.
        foreach (var pending in batch.OrderBy(pending => pending.DedupeKey, StringComparer.Ordinal)) keys.Add(pending.DedupeKey, pending.StrategyId, unit.Now + dedupeFor, unit.Now);
        await keys.WriteAsync(unit);
        var holders = (await unit.QueryAsync<KeyRow>(
            "SELECT dedupe_key, strategy_id FROM gw_dedupe WHERE dedupe_key IN @wanted", new { wanted = batch.Select(pending => pending.DedupeKey).ToArray() }))
            .ToDictionary(row => row.DedupeKey, row => row.StrategyId, StringComparer.Ordinal);
        await AddAsync(unit, [.. batch.Where(pending => string.Equals(holders[pending.DedupeKey], pending.StrategyId, StringComparison.Ordinal))], hold);
        return holders;
    }

    /// <summary>Forgets what may be submitted again.</summary>
    public static Task<int> ForgetExpiredAsync(IUnitOfWork unit) => unit.ExecuteAsync("DELETE FROM gw_dedupe WHERE expires_at <= @Now", new { unit.Now });

    /// <summary>Reads one.</summary>
    public static Task<StoredSubmission?> FindAsync(ISession session, string strategyId) =>
        session.FirstOrDefaultAsync<StoredSubmission>($"SELECT {Listed} FROM {From} WHERE s.strategy_id = @strategyId", new { strategyId });

    /// <summary>Whether it is there.</summary>
    public static async Task<bool> IsKnownAsync(ISession session, string strategyId) =>
        await session.ScalarAsync<int>("SELECT COUNT(*) FROM gw_strategies WHERE strategy_id = @strategyId", new { strategyId }) > 0;

    /// <summary>Newest first.</summary>
    public static Task<IReadOnlyList<StoredSubmission>> ListAsync(ISession session, SubmissionQuery query) => session.QueryAsync<StoredSubmission>(
        $"""
        SELECT {Listed} FROM {From}
        WHERE (@World = '' OR EXISTS (SELECT 1 FROM gw_strategy_worlds w WHERE w.strategy_id = s.strategy_id AND w.world_id = @World))
          AND (@Status = '' OR s.status = @Status)
          AND (s.submitted_at < @Before OR (s.submitted_at = @Before AND s.strategy_id {session.Dialect.Ordinal} < @BeforeId))
        ORDER BY s.submitted_at DESC, s.strategy_id {session.Dialect.Ordinal} DESC
        LIMIT @Limit
        """,
        query);

    /// <summary>How many wait for their diff, those that somebody works on included.</summary>
    public static Task<int> CountWaitingAsync(ISession session) =>
        session.ScalarAsync<int>($"SELECT COUNT(*) FROM gw_strategies WHERE {SubmissionClaims.Waiting}");

    /// <summary>How many keys are kept against duplicates.</summary>
    public static Task<int> CountKeysAsync(ISession session) => session.ScalarAsync<int>("SELECT COUNT(*) FROM gw_dedupe");

    private static async Task AddAsync(IUnitOfWork unit, IReadOnlyList<PendingSubmission> batch, SubmissionHold hold)
    {
        var rows = new RowBatch(
            """
            gw_strategies (strategy_id, dag_json, dag_hash, node_count, node_ids_crc32, meta_json, world_ids_json, context_json,
                           status, reason, attempts, owner, held_until, submitter, submitted_at, updated_at)
            """);
        var worlds = new RowBatch("gw_strategy_worlds (world_id, strategy_id)");
        var events = SubmissionClaims.NewEvents();
        foreach (var pending in batch)
        {
            var submission = pending.Submission;
            // Who takes a submission in and works on it at once need not claim it first: both steps are in this transaction.
            var status = pending.IsHeld ? SubmissionStatus.Processing : SubmissionStatus.Queued;
            rows.Add(
                pending.StrategyId, submission.DagJson, submission.DagHash, submission.Nodes.Count, (long)submission.Crc, submission.MetaJson,
                JsonSerializer.Serialize(submission.WorldIds), JsonSerializer.Serialize(pending.Contexts),
                status.ToToken(), "", pending.IsHeld ? 1 : 0, pending.IsHeld ? hold.Owner : "", pending.IsHeld ? unit.Now + hold.For : unit.Now, submission.Submitter.ToText(), unit.Now, unit.Now);
            foreach (var worldId in submission.WorldIds) worlds.Add(worldId, pending.StrategyId);
            events.Add(pending.StrategyId, "submitted", "", SubmissionStatus.Queued.ToToken(), "", unit.Now);
            if (pending.IsHeld) events.Add(pending.StrategyId, SubmissionClaims.EventId(SubmissionEvent.Process, 1), SubmissionStatus.Queued.ToToken(), status.ToToken(), "", unit.Now);
        }

        foreach (var each in new[] { rows, worlds, events }) await each.WriteAsync(unit);
    }

    private sealed record KeyRow
    {
        public string DedupeKey { get; init; } = "";

        public string StrategyId { get; init; } = "";
    }
}
