using Grpc.Core;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<ListAuditResponse> ListAudit(ListAuditRequest request, ServerCallContext context) =>
        audit.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<AuditVerification> VerifyAudit(VerifyAuditRequest request, ServerCallContext context) =>
        auditChains.VerifyAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ExportAuditResponse> ExportAudit(ExportAuditRequest request, ServerCallContext context) =>
        auditChains.ExportAsync(request, Caller.From(context), context.CancellationToken);
}
