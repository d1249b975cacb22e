using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.V1;
using Qmtl.WorldService.Access;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<ListWorldNodesResponse> ListWorldNodes(ListWorldNodesRequest request, ServerCallContext context) =>
        nodes.ListAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<WorldNode> GetWorldNode(GetWorldNodeRequest request, ServerCallContext context) =>
        nodes.GetAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<WorldNode> PutWorldNode(PutWorldNodeRequest request, ServerCallContext context) =>
        nodes.PutAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<Empty> DeleteWorldNode(DeleteWorldNodeRequest request, ServerCallContext context) =>
        nodes.DeleteAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ValidationEntry> LookupValidation(LookupValidationRequest request, ServerCallContext context) =>
        validations.LookupAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<ValidationEntry> StoreValidation(StoreValidationRequest request, ServerCallContext context) =>
        validations.StoreAsync(request, Caller.From(context), context.CancellationToken);

    public override Task<DeleteValidationsResponse> DeleteValidations(DeleteValidationsRequest request, ServerCallContext context) =>
        validations.DeleteAsync(request, Caller.From(context), context.CancellationToken);
}
