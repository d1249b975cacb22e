using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Qmtl.V1;

namespace Qmtl.WorldService;

internal sealed partial class WorldServiceApi
{
    public override Task<ListWorldNodesResponse> ListWorldNodes(ListWorldNodesRequest request, ServerCallContext context) => Later<ListWorldNodesResponse>(context);

    public override Task<WorldNode> GetWorldNode(GetWorldNodeRequest request, ServerCallContext context) => Later<WorldNode>(context);

    public override Task<WorldNode> PutWorldNode(PutWorldNodeRequest request, ServerCallContext context) => Later<WorldNode>(context);

    public override Task<Empty> DeleteWorldNode(DeleteWorldNodeRequest request, ServerCallContext context) => Later<Empty>(context);

    public override Task<ValidationEntry> LookupValidation(LookupValidationRequest request, ServerCallContext context) => Later<ValidationEntry>(context);

    public override Task<ValidationEntry> StoreValidation(StoreValidationRequest request, ServerCallContext context) => Later<ValidationEntry>(context);

    public override Task<DeleteValidationsResponse> DeleteValidations(DeleteValidationsRequest request, ServerCallContext context) => Later<DeleteValidationsResponse>(context);
}
