using Grpc.Core;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.V1;

namespace Qmtl.Gateway.NodeStreams;

/// <summary>The rpcs of shared compute.</summary>
internal sealed class NodeStreamsService(SessionHandler sessions, ValuesHandler values, IHostApplicationLifetime lifetime) : V1.NodeStreams.NodeStreamsBase
{
    public override Task<AcquireNodesResponse> AcquireNodes(AcquireNodesRequest request, ServerCallContext context) => sessions.AcquireAsync(request, context.Caller(), context.CancellationToken);

    public override Task<RenewNodesResponse> RenewNodes(RenewNodesRequest request, ServerCallContext context) => sessions.RenewAsync(request, context.CancellationToken);

    public override Task<ReleaseNodesResponse> ReleaseNodes(ReleaseNodesRequest request, ServerCallContext context) => sessions.ReleaseAsync(request, context.CancellationToken);

    public override Task<AppendNodeValuesResponse> AppendNodeValues(AppendNodeValuesRequest request, ServerCallContext context) => values.AppendAsync(request, context.CancellationToken);

    public override async Task ReadNodeValues(ReadNodeValuesRequest request, IServerStreamWriter<NodeValues> responseStream, ServerCallContext context)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        try
        {
            await values.ReadAsync(request, responseStream, stopping.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            // The stream ends well; the reader comes back to a gateway that runs.
        }
    }
}
