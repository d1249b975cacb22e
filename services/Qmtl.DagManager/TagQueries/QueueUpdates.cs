using System.Text.Json;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Qmtl.DagManager.Graph;
using Qmtl.DagManager.Telemetry;
using Qmtl.Identity;
using Qmtl.Messaging;
using Qmtl.Messaging.Events;
using Qmtl.Protos;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.DagManager.TagQueries;

/// <summary>Tells the publisher that the graph changed.</summary>
internal sealed class QueueUpdateSignal
{
    // One that waits to be seen is enough.
    private readonly Channel<bool> _raised = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Raise() => _raised.Writer.TryWrite(true);

    /// <summary>Until it is raised, or the time is over.</summary>
    public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellation)
    {
        await using var timer = time.CreateTimer(_ => Raise(), null, longest, Timeout.InfiniteTimeSpan);
        await _raised.Reader.ReadAsync(cancellation);
    }
}

/// <summary>Turns changes of the graph into <c>queue_updated</c> events: one for each followed tag query whose answer may have changed, and for tags that are new together.</summary>
/// <remarks>
/// The change itself is the outbox record: it commits with the rows, and this publisher works through the changes in their order, in transactions that hold the events
/// and how far it came. So a diff does not wait for its events, several changes become one event, and nothing is lost or told twice by a crash.
/// </remarks>
internal sealed partial class QueueUpdates(
    IDatabase database, GraphIndex index, TagQueryHandler queries, QueueUpdateSignal signal, DagManagerMetrics metrics, TimeProvider time, ILogger<QueueUpdates> logger) : BackgroundService
{
    /// <summary>Events at a time about sets of tags that nobody follows; they are for watchers, who read the graph when they want all.</summary>
    public const int MostUnfollowed = 32;

    private const string Source = "qmtl.services.dagmanager";
    private const string Cursor = "queue_updates";
    private const string Lock = "dm:queue_updates";
    private const int MostRevisions = 64;

    // Followers that are further behind load the graph anew.
    private const int KeptRevisions = 10_000;

    private static readonly TimeSpan Coalesce = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await PublishAsync(stoppingToken))
                {
                    // More may be waiting.
                }

                failing = false;
                await signal.WaitAsync(Poll, time, stoppingToken);
                // What follows at once goes into the same events.
                await Task.Delay(Coalesce, time, stoppingToken);
            }
            catch (StorageException problem)
            {
                if (!failing) Delayed(logger, problem.Message);
                failing = true;
                await Task.Delay(Poll, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Publishes what the next changes led to.</summary>
    /// <returns>Whether there were any.</returns>
    internal async Task<bool> PublishAsync(CancellationToken cancellation)
    {
        var waiting = await database.ReadAsync(ReadAsync, cancellation);
        if (waiting.Count == 0) return false;
        await index.FreshAsync(waiting[^1].Revision, cancellation);
        var published = await database.WriteAsync(unit => PublishAsync(unit, waiting), cancellation);
        metrics.QueueUpdatesPublished(published);
        return true;
    }

    /// <summary>A queue as answers and events name it.</summary>
    internal static QueueRef Reference(QueueEntry queue) => new() { Queue = queue.Topic, Global = queue.Context.WorldId.Length == 0 };

    /// <summary>The queries to tell about: those that are followed, and the first few of the changed sets of tags.</summary>
    internal static IReadOnlyList<TagQuery> Questions(IEnumerable<IReadOnlyList<AffectedTags>> changes, IReadOnlyList<TagQuery> followed)
    {
        var questions = new Dictionary<string, TagQuery>(StringComparer.Ordinal);
        AffectedTags[] affected = [.. changes.SelectMany(change => change)];
        foreach (var query in followed.Where(query => affected.Any(query.IsAffectedBy))) questions.TryAdd(query.Key, query);
        var most = questions.Count + MostUnfollowed;
        foreach (var tags in affected)
        {
            if (questions.Count == most) break;
            var query = new TagQuery(tags.Tags, tags.Interval, TagMatch.All, tags.WorldId, ExecutionModes.ParseDomain(tags.ExecutionDomain) ?? Identity.ExecutionDomain.Backtest);
            questions.TryAdd(query.Key, query);
        }

        return [.. questions.Values];
    }

    private static Task<IReadOnlyList<ChangeRow>> ReadAsync(ISession session) => session.QueryAsync<ChangeRow>(
        "SELECT revision, affected FROM dm_changes WHERE revision > (SELECT revision FROM dm_cursors WHERE name = @Cursor) ORDER BY revision LIMIT @MostRevisions",
        new { Cursor, MostRevisions });

    private async Task<int> PublishAsync(IUnitOfWork unit, IReadOnlyList<ChangeRow> changes)
    {
        await unit.LockAsync(Lock);
        var (from, to) = (changes[0].Revision - 1, changes[^1].Revision);
        // Another process was faster.
        if (await unit.ExecuteAsync("UPDATE dm_cursors SET revision = @to WHERE name = @Cursor AND revision = @from", new { to, Cursor, from }) == 0) return 0;
        var questions = Questions(changes.Select(change => change.Tags), await TagSubscriptions.ReadAsync(unit, unit.Now));
        foreach (var question in questions) await AppendAsync(unit, question);
        await unit.ExecuteAsync("DELETE FROM dm_changes WHERE revision <= @before", new { before = to - KeptRevisions });
        await TagSubscriptions.SweepAsync(unit);
        return questions.Count;
    }

    private async Task AppendAsync(IUnitOfWork unit, TagQuery query)
    {
        var revision = await NextRevisionAsync(unit, query);
        var update = new QueueUpdated
        {
            Interval = query.Interval,
            MatchMode = query.Match.ToToken(),
            WorldId = query.WorldId.Length == 0 ? null : query.WorldId,
            ExecutionDomain = query.WorldId.Length == 0 ? null : query.Domain.ToToken(),
            Etag = FormattableString.Invariant($"q:{string.Join('.', query.Tags)}:{query.Interval}:{revision}"),
            Ts = Timestamp.FromDateTimeOffset(unit.Now),
            EntityVersion = revision,
        };
        update.Tags.AddRange(query.Tags);
        update.Queues.AddRange(queries.Find(query).Queues.Select(Reference));
        await unit.PublishAsync(ControlEvent.FromJson("queue_updated", Source, ProtoJson.Write(update)));
    }

    /// <summary>Counts one more change of the answer to a question, over all worlds: the identity of an event does not name its world.</summary>
    private static Task<int> NextRevisionAsync(IUnitOfWork unit, TagQuery query) => unit.ScalarAsync<int>(
        """
        INSERT INTO dm_tag_revisions (tags, interval_s, revision) VALUES (@tags, @Interval, 1)
        ON CONFLICT (tags, interval_s) DO UPDATE SET revision = dm_tag_revisions.revision + 1
        RETURNING revision
        """,
        new { tags = string.Join('.', query.Tags), query.Interval });

    private sealed record ChangeRow
    {
        public long Revision { get; init; }

        public string Affected { get; init; } = "[]";

        public IReadOnlyList<AffectedTags> Tags => JsonSerializer.Deserialize<AffectedTags[]>(Affected) ?? [];
    }

    [LoggerMessage(1, LogLevel.Warning, "Updates of tag queries wait, because the graph's store does not answer: {Reason}", EventName = "Delayed")]
    private static partial void Delayed(ILogger logger, string reason);
}
