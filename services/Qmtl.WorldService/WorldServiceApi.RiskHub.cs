using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<RiskSnapshot> PublishRiskSnapshot(PublishSnapshotRequest request, ServerCallContext context) => Later<RiskSnapshot>(context);

    public override Task<ListSnapshotsResponse> ListRiskSnapshots(ListSnapshotsRequest request, ServerCallContext context) => Later<ListSnapshotsResponse>(context);

    public override Task<RiskSnapshot> GetLatestRiskSnapshot(LatestSnapshotRequest request, ServerCallContext context) => Later<RiskSnapshot>(context);

    public override Task<RiskSnapshot> LookupRiskSnapshot(LookupSnapshotRequest request, ServerCallContext context) => Later<RiskSnapshot>(context);
}
