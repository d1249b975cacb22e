using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.DagManager;

/// <summary>Questions about the graph.</summary>
internal sealed partial class DagManagerService
{
    public override Task<Subgraph> GetSubgraph(GetSubgraphRequest request, ServerCallContext context) => subgraphs.FindAsync(request, context.CancellationToken);

    public override Task<ImpactReport> ImpactOf(ImpactOfRequest request, ServerCallContext context) => subgraphs.ImpactAsync(request, context.CancellationToken);

    public override Task<DagSnapshot> FreezeSnapshot(FreezeSnapshotRequest request, ServerCallContext context) => snapshots.FreezeAsync(request, context.CancellationToken);

    public override Task<SnapshotVerdict> VerifySnapshot(DagSnapshot request, ServerCallContext context) => snapshots.VerifyAsync(request, context.CancellationToken);
}
