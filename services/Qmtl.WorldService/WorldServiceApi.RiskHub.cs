using Grpc.Core;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.RiskHub;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override async Task<RiskSnapshot> PublishRiskSnapshot(PublishSnapshotRequest request, ServerCallContext context)
    {
        var headers = context.RequestHeaders;
        var given = new PublisherHeaders(headers.GetValue(SnapshotHeaders.ActorHeader), headers.GetValue(SnapshotHeaders.StageHeader), headers.GetValue(SnapshotHeaders.TokenHeader), headers.GetValue("authorization"));
        var publication = await riskHub.PublishAsync(request, Caller.From(context), given, context.CancellationToken);
        if (publication.Created) context.SetHttpStatus(Created);
        context.SetETag(publication.Snapshot.Hash);
        return publication.Snapshot;
    }

    public override Task<ListSnapshotsResponse> ListRiskSnapshots(ListSnapshotsRequest request, ServerCallContext context) =>
        riskHub.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<RiskSnapshot> GetLatestRiskSnapshot(LatestSnapshotRequest request, ServerCallContext context) =>
        riskHub.GetLatestAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<RiskSnapshot> LookupRiskSnapshot(LookupSnapshotRequest request, ServerCallContext context) =>
        riskHub.LookupAsync(request, Caller.From(context), context.CancellationToken);
}
