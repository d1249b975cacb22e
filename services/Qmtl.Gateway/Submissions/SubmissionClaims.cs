using System.Globalization;
using System.Text.Json;
using Qmtl.Storage;

namespace Qmtl.Gateway.Submissions;

/// <summary>The right to work on submissions.</summary>
/// <param name="Owner">Which gateway process has it; no two are ever called the same.</param>
/// <param name="For">For how long, unless it is renewed.</param>
internal readonly record struct SubmissionHold(string Owner, TimeSpan For);

/// <summary>A submission that was taken up.</summary>
/// <param name="Work">The work on it.</param>
/// <param name="FormerOwner">Who held it until its hold ended without an end of the work; empty when nobody did.</param>
internal readonly record struct ClaimedSubmission(HeldSubmission Work, string FormerOwner);

/// <summary>A failed attempt.</summary>
/// <param name="StrategyId">The submission.</param>
/// <param name="Reason">Reason code.</param>
/// <param name="RetryAt">When another attempt may start; null when there will be none, and the same may be submitted again.</param>
internal readonly record struct FailedAttempt(string StrategyId, string Reason, DateTimeOffset? RetryAt);

/// <summary>Who works on which submission. Each method runs in the caller's transaction.</summary>
/// <remarks>
/// Ends of attempts are fenced by the owner: a process that lost a submission while it slept changes nothing of it any more. A second attempt of the same
/// process needs no fence against the first, because binding and diff give the same answer however often they are asked.
/// </remarks>
internal static class SubmissionClaims
{
    /// <summary>Rows that somebody works on or will; the condition of their index.</summary>
    public const string Waiting = "held_until < 9223372036854775807";

    /// <summary>The next attempt of a submission that needs none.</summary>
    private static readonly DateTimeOffset Never = UnixTime.FromNanoseconds(long.MaxValue);

    /// <summary>Whether there is work that nobody holds.</summary>
    public static async Task<bool> IsAnyDueAsync(ISession session, DateTimeOffset now) =>
        await session.ScalarAsync<int>($"SELECT COUNT(*) FROM (SELECT 1 FROM gw_strategies WHERE {Waiting} AND held_until <= @now LIMIT 1) due", new { now }) > 0;

    /// <summary>Takes up work that nobody holds, oldest first. Gateways that look at the same time find different work.</summary>
    public static async Task<IReadOnlyList<ClaimedSubmission>> ClaimAsync(IUnitOfWork unit, SubmissionHold hold, int limit)
    {
        var found = await unit.QueryAsync<StoredSubmission>(
            $"SELECT * FROM gw_strategies WHERE {Waiting} AND held_until <= @Now AND status <> 'completed' ORDER BY submitted_at, strategy_id LIMIT @limit {unit.Dialect.SkipLocked}",
            new { unit.Now, limit });
        if (found.Count == 0) return [];
        await unit.ExecuteAsync(
            "UPDATE gw_strategies SET status = 'processing', owner = @Owner, held_until = @until, attempts = attempts + 1, updated_at = @Now WHERE strategy_id IN @ids",
            new { hold.Owner, until = unit.Now + hold.For, unit.Now, ids = found.Select(each => each.StrategyId).ToArray() });
        var events = NewEvents();
        foreach (var each in found)
        {
            var from = SubmissionStates.Parse(each.Status) ?? throw new InvalidOperationException($"Submission {each.StrategyId} has the unknown status \"{each.Status}\".");
            var happened = SubmissionStates.TakeUp(from) ?? throw new InvalidOperationException($"Submission {each.StrategyId} waits although it is {each.Status}.");
            events.Add(each.StrategyId, EventId(happened, each.Attempts + 1), each.Status, SubmissionStates.Next(from, happened)!.Value.ToToken(), "", unit.Now);
        }

        await events.WriteAsync(unit);
        return [.. found.Select(each => new ClaimedSubmission(each.ToHeld(each.Attempts + 1), each.Status == SubmissionStatus.Processing.ToToken() ? each.Owner : ""))];
    }

    /// <summary>Holds on to work in progress.</summary>
    /// <returns>How many are still held; fewer than asked for when somebody took some over.</returns>
    public static Task<int> RenewAsync(IUnitOfWork unit, SubmissionHold hold, IReadOnlyCollection<string> ids) => unit.ExecuteAsync(
        "UPDATE gw_strategies SET held_until = @until WHERE strategy_id IN @ids AND owner = @Owner AND status = 'processing'",
        new { until = unit.Now + hold.For, ids = ids.ToArray(), hold.Owner });

    /// <summary>Ends attempts well. Passes over those that somebody else took over.</summary>
    public static async Task CompleteAsync(IUnitOfWork unit, string owner, IReadOnlyDictionary<string, SubmissionOutcome> outcomes)
    {
        var ended = await EndAsync(unit, owner, SubmissionEvent.Complete, outcomes.Keys, "", Never);
        var rows = new RowBatch("gw_outcomes (strategy_id, outcome_json)", "ON CONFLICT (strategy_id) DO UPDATE SET outcome_json = excluded.outcome_json");
        foreach (var id in ended) rows.Add(id, JsonSerializer.Serialize(outcomes[id]));
        await rows.WriteAsync(unit);
    }

    /// <summary>Ends attempts badly. Passes over those that somebody else took over.</summary>
    public static async Task FailAsync(IUnitOfWork unit, string owner, IEnumerable<FailedAttempt> failures)
    {
        foreach (var group in failures.GroupBy(failure => (failure.Reason, failure.RetryAt)))
        {
            var ended = await EndAsync(unit, owner, SubmissionEvent.Fail, group.Select(failure => failure.StrategyId), group.Key.Reason, group.Key.RetryAt ?? Never);
            if (group.Key.RetryAt is null && ended.Count > 0) await unit.ExecuteAsync("DELETE FROM gw_dedupe WHERE strategy_id IN @ids", new { ids = ended.ToArray() });
        }
    }

    /// <summary>What happened to submissions; an event that is there already changes nothing.</summary>
    public static RowBatch NewEvents() => new("gw_strategy_events (strategy_id, event_id, from_status, to_status, reason, at)", "ON CONFLICT (strategy_id, event_id) DO NOTHING");

    /// <summary>The id under which an event of an attempt happens once.</summary>
    public static string EventId(SubmissionEvent happened, int attempt) => string.Create(CultureInfo.InvariantCulture, $"{happened.ToToken()}:{attempt}");

    private static async Task<IReadOnlyList<string>> EndAsync(IUnitOfWork unit, string owner, SubmissionEvent happened, IEnumerable<string> ids, string reason, DateTimeOffset until)
    {
        var status = SubmissionStates.Next(SubmissionStatus.Processing, happened)!.Value.ToToken();
        var ended = await unit.QueryAsync<StoredSubmission>(
            """
            UPDATE gw_strategies SET status = @status, reason = @reason, held_until = @until, updated_at = @Now
            WHERE strategy_id IN @ids AND owner = @owner AND status = 'processing'
            RETURNING strategy_id, attempts
            """,
            new { status, reason, until, unit.Now, ids = ids.ToArray(), owner });
        var events = NewEvents();
        foreach (var each in ended) events.Add(each.StrategyId, EventId(happened, each.Attempts), SubmissionStatus.Processing.ToToken(), status, reason, unit.Now);
        await events.WriteAsync(unit);
        return [.. ended.Select(each => each.StrategyId)];
    }
}
