using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<ValidationInvariantsReport> GetValidationInvariants(GetValidationInvariantsRequest request, ServerCallContext context) => Later<ValidationInvariantsReport>(context);

    public override Task<LiveMonitoringReport> GetLiveMonitoringReport(LiveMonitoringReportRequest request, ServerCallContext context) => Later<LiveMonitoringReport>(context);

    public override Task<LiveMonitoringRun> RunLiveMonitoring(RunLiveMonitoringRequest request, ServerCallContext context) => Later<LiveMonitoringRun>(context);

    public override Task<LiveMonitoringRuns> RunAllLiveMonitoring(RunAllLiveMonitoringRequest request, ServerCallContext context) => Later<LiveMonitoringRuns>(context);
}
