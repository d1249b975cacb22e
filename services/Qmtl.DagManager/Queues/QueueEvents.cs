using Google.Protobuf.WellKnownTypes;
using Qmtl.DagManager.Diff;
using Qmtl.Messaging;
using Qmtl.Messaging.Events;
using Qmtl.Protos;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.DagManager.Queues;

/// <summary>Tells others, with the change itself, which versions exist.</summary>
internal static class QueueEvents
{
    private const string Source = "qmtl.services.dagmanager";

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
