using Grpc.Core;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;

namespace Qmtl.Gateway;

/// <summary>Questions about the graph, passed on to DagManager.</summary>
internal sealed partial class GatewayService
{
    public override async Task<Subgraph> GetSubgraph(GetSubgraphRequest request, ServerCallContext context) =>
        await dagManager.GetSubgraphAsync(request, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);

    public override async Task<ImpactReport> ImpactOf(ImpactOfRequest request, ServerCallContext context) =>
        await dagManager.ImpactOfAsync(request, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);

    public override async Task<DagSnapshot> FreezeSnapshot(FreezeSnapshotRequest request, ServerCallContext context) =>
        await dagManager.FreezeSnapshotAsync(request, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);

    public override async Task<SnapshotVerdict> VerifySnapshot(DagSnapshot request, ServerCallContext context) =>
        await dagManager.VerifySnapshotAsync(request, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);
}
