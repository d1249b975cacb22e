using Google.Protobuf.WellKnownTypes;
using Qmtl.DagManager.Diff;
using Qmtl.DagManager.TagQueries;
using Qmtl.Messaging;
using Qmtl.Messaging.Events;
using Qmtl.Protos;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.DagManager.Queues;

/// <summary>Tells others, with the change itself, which tag queries have a new answer and which versions exist.</summary>
internal static class QueueEvents
{
    private const string Source = "qmtl.services.dagmanager";

    /// <summary>One event for each combination of tags and interval that got a queue.</summary>
    public static async Task AppendQueuesAsync(IUnitOfWork unit, DiffPlan plan)
    {
        var context = plan.Submission.Context;
        var changed = plan.Nodes
            .Where(planned => planned.CreatesQueue && planned.Node.Tags.Count > 0 && planned.Node.Interval > 0)
            .Select(planned => (Tags: string.Join(',', planned.Node.Tags.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)), planned.Node.Interval))
            .Distinct();
        foreach (var (tags, interval) in changed)
        {
            var query = new TagQuery(tags.Split(','), interval, TagMatch.All, context.WorldId, context.Domain);
            var revision = await TagQueryStore.NextRevisionAsync(unit, query);
            var update = new QueueUpdated
            {
                Interval = interval,
                MatchMode = "all",
                WorldId = context.WorldId.Length == 0 ? null : context.WorldId,
                ExecutionDomain = context.WorldId.Length == 0 ? null : Identity.ExecutionModes.ToToken(context.Domain),
                Etag = FormattableString.Invariant($"q:{string.Join('.', query.Tags)}:{interval}:{revision}"),
                Ts = Timestamp.FromDateTimeOffset(unit.Now),
                EntityVersion = revision,
            };
            update.Tags.AddRange(query.Tags);
            update.Queues.AddRange((await TagQueryStore.FindAsync(unit, query)).Select(queue => new QueueRef { Queue = queue.Topic, Global = queue.WorldId.Length == 0 }));
            await unit.PublishAsync(ControlEvent.FromJson("queue_updated", Source, ProtoJson.Write(update)));
        }
    }

    /// <summary>A version exists, with its share of the traffic.</summary>
    public static async Task AppendSentinelAsync(IUnitOfWork unit, DiffSubmission submission, double weight)
    {
        var update = new SentinelWeightUpdated
        {
            SentinelId = submission.SentinelId,
            Weight = weight,
            SentinelVersion = submission.Version,
            WorldId = submission.Context.WorldId.Length == 0 ? null : submission.Context.WorldId,
            Etag = FormattableString.Invariant($"sw:{submission.SentinelId}:{submission.Version}:{weight:F6}"),
            Ts = Timestamp.FromDateTimeOffset(unit.Now),
        };
        await unit.PublishAsync(ControlEvent.FromJson("sentinel_weight_updated", Source, ProtoJson.Write(update)));
    }
}
