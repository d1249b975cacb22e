using Qmtl.DagManager.Graph;
using Qmtl.DagManager.Telemetry;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.DagManager.TagQueries;

/// <summary>Answers tag queries from memory, never from before what this process knows of.</summary>
internal sealed class TagQueryHandler(GraphIndex index, TagSubscriptions subscriptions, DagManagerMetrics metrics)
{
    /// <summary>The queues of a question, by name. When the store does not answer, the ones last known, marked stale.</summary>
    public async Task<GetQueuesResponse> FindAsync(TagQuery query, long minRevision, CancellationToken cancellation)
    {
        try
        {
            // First the subscription, then the answer: a change between the two is in both, a change that came before is in the answer.
            if (await subscriptions.FollowAsync(query, cancellation)) await index.CatchUpAsync(cancellation);
            else await index.FreshAsync(minRevision, cancellation);
        }
        catch (StorageException) when (index.IsLoaded)
        {
            metrics.AnsweredStale();
            return Answer(query, stale: true);
        }

        return Answer(query, index.IsStale);
    }

    /// <summary>The queues of a question as of what is in memory.</summary>
    public (IReadOnlyList<QueueEntry> Queues, long Revision) Find(TagQuery query) => index.Read(query, static (graph, asked) => (graph.Tags.Find(asked), graph.Revision));

    private GetQueuesResponse Answer(TagQuery query, bool stale)
    {
        var (queues, revision) = Find(query);
        var response = new GetQueuesResponse { Revision = GraphIndex.ToWire(revision), Stale = stale };
        foreach (var queue in queues) response.Queues.Add(QueueUpdates.Reference(queue));
        return response;
    }
}
