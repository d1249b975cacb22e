using Grpc.Core;
using Qmtl.Gateway.Submissions;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.ServiceDefaults.Rpc;
using Qmtl.V1;

namespace Qmtl.Gateway;

/// <summary>Questions about the graph, passed on to DagManager.</summary>
internal sealed partial class GatewayService
{
    public override async Task<Subgraph> GetSubgraph(GetSubgraphRequest request, ServerCallContext context)
    {
        // The graph is that of all worlds.
        context.Caller().Require("", WorldRole.Reader);
        return await dagManager.GetSubgraphAsync(request, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);
    }

    public override async Task<ImpactReport> ImpactOf(ImpactOfRequest request, ServerCallContext context)
    {
        // The graph is that of all worlds.
        context.Caller().Require("", WorldRole.Reader);
        return await dagManager.ImpactOfAsync(request, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);
    }

    public override async Task<DagSnapshot> FreezeSnapshot(FreezeSnapshotRequest request, ServerCallContext context)
    {
        var stored = await database.ReadAsync(session => SubmissionStore.FindAsync(session, request.StrategyId), context.CancellationToken);
        if (stored is null || !IsVisible(stored, context.Caller())) context.Caller().Require(stored?.WorldIds[0] ?? "", WorldRole.Reader);
        return await dagManager.FreezeSnapshotAsync(request, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);
    }

    public override async Task<SnapshotVerdict> VerifySnapshot(DagSnapshot request, ServerCallContext context) =>
        await dagManager.VerifySnapshotAsync(request, context.ForwardedHeaders(), Deadline(context), context.CancellationToken);
}
