using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.WorldGraph;

/// <summary>Keeps verdicts about nodes, found again only in exactly the context they were made in.</summary>
internal sealed class ValidationsHandler(IDatabase database, WorldWriter writer, WorldServiceOptions options, TimeProvider clock)
{
    public Task<ValidationEntry> LookupAsync(LookupValidationRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var key = NodeRules.ReadKey(request.WorldId, request.Key).Compute();
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                return (await ValidationStore.FindAsync(session, request.WorldId, key, clock.GetUtcNow() - options.ValidationRetention) ?? throw new RefusalException(
                    ReasonCodes.ValidationUnknown, $"World '{request.WorldId}' has no verdict {key} that is young enough; validate the node and store one.")).ToMessage();
            },
            cancellationToken);
    }

    public Task<ValidationEntry> StoreAsync(StoreValidationRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        var key = NodeRules.ReadKey(request.WorldId, request.Key);
        NodeRules.CheckVerdict(request, clock.GetUtcNow());
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var parts = request.Key.Clone();
                parts.ExecutionDomain = key.Domain.ToToken();
                var row = new ValidationRow
                {
                    WorldId = request.WorldId,
                    EvalKey = key.Compute(),
                    NodeId = key.NodeId,
                    ExecutionDomain = parts.ExecutionDomain,
                    Parts = Json.Write(parts),
                    Result = request.Result,
                    Metrics = Json.WriteOptional(request.Metrics),
                    FoundAt = request.Timestamp?.ToDateTimeOffset() ?? change.Unit.Now,
                };
                await ValidationStore.SaveAsync(change.Unit, row);
                await NodeStore.SetEvalKeyAsync(change.Unit, request.WorldId, row.NodeId, row.ExecutionDomain, row.EvalKey);
                if (await ValidationStore.PurgeAsync(change.Unit, request.WorldId, change.Unit.Now - options.ValidationRetention) > 0) await NodeStore.ClearLostKeysAsync(change.Unit, request.WorldId);
                var message = row.ToMessage();
                await change.AuditAsync("validation_stored", request, message);
                return message;
            },
            cancellationToken);
    }

    public Task<DeleteValidationsResponse> DeleteAsync(DeleteValidationsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        var domain = NodeRules.ReadFilter(request.ExecutionDomain);
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                var response = new DeleteValidationsResponse { Deleted = await ValidationStore.DeleteAsync(change.Unit, request.WorldId, request.NodeId, domain) };
                if (response.Deleted == 0) return response;
                await NodeStore.ClearLostKeysAsync(change.Unit, request.WorldId);
                await change.AuditAsync("validations_forgotten", request, response);
                return response;
            },
            cancellationToken);
    }
}
