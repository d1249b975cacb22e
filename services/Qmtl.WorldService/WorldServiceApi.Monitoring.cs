using Grpc.Core;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<ValidationInvariantsReport> GetValidationInvariants(GetValidationInvariantsRequest request, ServerCallContext context) =>
        invariants.GetAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<LiveMonitoringReport> GetLiveMonitoringReport(LiveMonitoringReportRequest request, ServerCallContext context) =>
        liveMonitoring.ReportAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<LiveMonitoringRun> RunLiveMonitoring(RunLiveMonitoringRequest request, ServerCallContext context) =>
        liveMonitoring.RunAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<LiveMonitoringRuns> RunAllLiveMonitoring(RunAllLiveMonitoringRequest request, ServerCallContext context) =>
        liveMonitoring.RunAllAsync(request, Caller.From(context), context.CancellationToken);
}
