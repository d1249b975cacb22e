using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Edges;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.WorldGraph;

/// <summary>Lists, reads, changes and forgets the nodes a world knows.</summary>
internal sealed class NodesHandler(IDatabase database, WorldWriter writer)
{
    public Task<ListWorldNodesResponse> ListAsync(ListWorldNodesRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var limit = Refuse.Limit(request.Limit, 200, 1_000);
        var domain = NodeRules.ReadFilter(request.ExecutionDomain);
        var (node, after) = ReadToken(request.PageToken);
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var rows = await NodeStore.ListAsync(session, request.WorldId, domain, node, after, limit);
                var response = new ListWorldNodesResponse { NextPageToken = rows.Count == limit ? $"{rows[^1].ExecutionDomain}|{rows[^1].NodeId}" : "" };
                response.Nodes.Add(rows.Select(row => row.ToMessage()));
                return response;
            },
            cancellationToken);
    }

    public Task<WorldNode> GetAsync(GetWorldNodeRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var domain = NodeRules.ReadDomain(request.ExecutionDomain).ToToken();
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                return (await NodeStore.FindAsync(session, request.WorldId, request.NodeId, domain) ?? throw NodeUnknown(request.WorldId, request.NodeId, domain)).ToMessage();
            },
            cancellationToken);
    }

    public Task<WorldNode> PutAsync(PutWorldNodeRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        NodeRules.CheckNodeId(request.NodeId);
        NodeStatuses.Check(request.Status);
        NodeRules.CheckEvalKey(request.LastEvalKey);
        var domain = NodeRules.ReadDomain(request.ExecutionDomain);
        return writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                NodeRules.CheckLive(change.World, domain, request.Status);
                var known = await NodeStore.FindAsync(change.Unit, request.WorldId, request.NodeId, domain.ToToken());
                NodeStatuses.CheckTransition(request.NodeId, known?.Status ?? NodeStatuses.Unknown, request.Status);
                var node = new NodeRow
                {
                    WorldId = request.WorldId,
                    NodeId = request.NodeId,
                    ExecutionDomain = domain.ToToken(),
                    Status = request.Status,
                    LastEvalKey = request.LastEvalKey ?? known?.LastEvalKey,
                    Annotations = Json.WriteOptional(request.Annotations) ?? known?.Annotations,
                    UpdatedAt = change.Unit.Now,
                };
                await NodeStore.SaveAsync(change.Unit, node);
                var message = node.ToMessage();
                await change.AuditAsync("node_set", request, message);
                return message;
            },
            cancellationToken);
    }

    public async Task<Empty> DeleteAsync(DeleteWorldNodeRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        var domain = NodeRules.ReadFilter(request.ExecutionDomain);
        await writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                if (await NodeStore.DeleteAsync(change.Unit, request.WorldId, request.NodeId, domain) == 0) throw NodeUnknown(request.WorldId, request.NodeId, domain);

                // Verdicts about a node that is forgotten would only come back by accident.
                await ValidationStore.DeleteAsync(change.Unit, request.WorldId, request.NodeId, domain);
                await EdgeStore.CloseForgottenAsync(change.Unit, request.WorldId, request.NodeId, caller.Subject);
                await change.AuditAsync("node_forgotten", request, null);
                return true;
            },
            cancellationToken);
        return new Empty();
    }

    private static RefusalException NodeUnknown(string worldId, string nodeId, string domain) => new(
        ReasonCodes.NodeUnknown, $"World '{worldId}' does not know node '{nodeId}'{(domain.Length == 0 ? "" : $" in domain {domain}")}; list what it knows with GET /worlds/{worldId}/nodes.");

    private static (string Node, string Domain) ReadToken(string token)
    {
        if (token.Length == 0) return ("", "");
        var bar = token.IndexOf('|', StringComparison.Ordinal);
        return bar > 0 ? (token[(bar + 1)..], token[..bar]) : throw Refuse.Field("/page_token", "must be the next_page_token of the page before");
    }
}
