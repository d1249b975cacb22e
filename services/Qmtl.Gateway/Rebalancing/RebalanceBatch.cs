using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Qmtl.Identity;
using Qmtl.Messaging.Topics;
using Qmtl.Protos;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;
using Qmtl.V1;
using AuditEntry = Qmtl.Storage.Audit.AuditEntry;

namespace Qmtl.Gateway.Rebalancing;

/// <summary>A set of orders that is sent together.</summary>
/// <param name="BatchId">Its id.</param>
/// <param name="RequestHash">SHA-256 of what was asked.</param>
/// <param name="Mode">Mode of the plan.</param>
/// <param name="SharedAccount">Whether the orders are netted over worlds.</param>
/// <param name="Scopes">What the orders are for: a world each, or <c>global</c>.</param>
/// <param name="Domains">World to the domain that its orders may reach.</param>
internal sealed record RebalanceBatch(
    string BatchId, string RequestHash, string Mode, bool SharedAccount, IReadOnlyList<OrderScope> Scopes, IReadOnlyDictionary<string, ExecutionDomain> Domains)
{
    /// <summary>Identifies what was asked: who repeats it under the same run gets the same answer.</summary>
    public static string HashOf(ExecuteRebalanceRequest request) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ProtoJson.Write(request))));
}

/// <summary>Orders of one world, or of the account.</summary>
/// <param name="WorldId">The world; empty for the account that worlds share.</param>
/// <param name="Orders">The orders.</param>
internal sealed record OrderScope(string WorldId, IReadOnlyList<RebalanceOrder> Orders)
{
    /// <summary>The name of what netted orders are for.</summary>
    public const string Global = "global";

    /// <summary>What the orders are for: <c>world</c>, or <c>global</c>.</summary>
    public string Scope => WorldId.Length > 0 ? "world" : Global;

    /// <summary>Share of orders that only reduce a position, 0 to 1.</summary>
    public double ReduceOnlyRatio => Orders.Count == 0 ? 0 : (double)Orders.Count(order => order.ReduceOnly == true) / Orders.Count;
}

/// <summary>Sends batches. Each method runs in the caller's transaction.</summary>
internal static class RebalanceBatchStore
{
    private const string MessageType = "gateway.rebalance";

    /// <summary>What a batch was answered, or null where there is none.</summary>
    /// <exception cref="RefusalException"><c>E_ETAG_CONFLICT</c>: its id was used for something else.</exception>
    public static async Task<ExecuteRebalanceResponse?> FindAsync(ISession session, string batchId, string requestHash)
    {
        var row = await session.FirstOrDefaultAsync<Row>("SELECT request_hash AS RequestHash, response_json AS ResponseJson FROM gw_rebalance_batches WHERE batch_id = @batchId", new { batchId });
        if (row is null) return null;
        return string.Equals(row.RequestHash, requestHash, StringComparison.Ordinal)
            ? ProtoJson.Read<ExecuteRebalanceResponse>(row.ResponseJson)
            : throw new RefusalException(ReasonCodes.EtagConflict, $"Run '{batchId}' was sent with other contents; give this one an id of its own.", [new FieldError("/request/run_id", "is taken")]);
    }

    /// <summary>Writes a batch to the log, the audit of each world, and the table that refuses a second one.</summary>
    public static async Task SendAsync(IUnitOfWork unit, RebalanceBatch batch, ExecuteRebalanceResponse response, string actor, string correlationId)
    {
        await unit.ExecuteAsync(
            "INSERT INTO gw_rebalance_batches (batch_id, request_hash, response_json, submitted_by, submitted_at) VALUES (@BatchId, @RequestHash, @json, @actor, @Now)",
            new { batch.BatchId, batch.RequestHash, json = ProtoJson.Write(response), actor, unit.Now });
        foreach (var scope in batch.Scopes)
        {
            var payload = Payload(batch, scope, unit.Now);
            var record = new JsonArray(MessageType, unit.Now.ToUnixTimeMilliseconds(), batch.BatchId, payload);
            await unit.AppendAsync(new BusMessage(TopicCatalog.GatewayRebalance, "rebalance:" + batch.BatchId, MessageType, Encoding.UTF8.GetBytes(record.ToJsonString())));
        }

        // Worlds in one order, whoever writes: their chains are locked one after the other.
        foreach (var world in batch.Domains.Keys.Order(StringComparer.Ordinal))
        {
            await unit.AuditAsync(new AuditEntry(actor, "REB_SUBMIT")
            {
                WorldId = world,
                CorrelationId = correlationId,
                Request = new JsonObject { ["batch_id"] = batch.BatchId, ["mode"] = batch.Mode, ["shared_account"] = batch.SharedAccount, ["request_hash"] = batch.RequestHash }.ToJsonString(),
                Result = new JsonObject { ["orders"] = batch.Scopes.Where(scope => scope.WorldId == world || scope.WorldId.Length == 0).Sum(scope => scope.Orders.Count) }.ToJsonString(),
            });
        }
    }

    private static JsonObject Payload(RebalanceBatch batch, OrderScope scope, DateTimeOffset now) => new()
    {
        ["event"] = MessageType,
        ["version"] = 1,
        ["world_id"] = scope.WorldId,
        ["scope"] = scope.Scope,
        ["execution_domain"] = scope.WorldId.Length > 0 ? batch.Domains[scope.WorldId].ToToken() : CommonDomain(batch),
        ["orders"] = new JsonArray([.. scope.Orders.Select(order => JsonNode.Parse(ProtoJson.Write(order)))]),
        ["counts"] = new JsonObject { ["orders"] = scope.Orders.Count, ["reduce_only"] = scope.Orders.Count(order => order.ReduceOnly == true) },
        ["reduce_only_ratio"] = scope.ReduceOnlyRatio,
        ["submitted_at"] = now.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture),
        ["mode"] = batch.Mode,
        ["shared_account"] = batch.SharedAccount,
    };

    // Netted orders of a world on paper and one that is live would be neither.
    private static string CommonDomain(RebalanceBatch batch) =>
        batch.Domains.Values.Distinct().ToArray() is [var domain] ? domain.ToToken() : throw new RefusalException(
            ReasonCodes.SharedAccountPolicy, $"Orders are netted only over worlds of one domain; these are in {string.Join(", ", batch.Domains.Select(pair => $"{pair.Key} {pair.Value.ToToken()}"))}.");

    private sealed record Row
    {
        public string RequestHash { get; init; } = "";

        public string ResponseJson { get; init; } = "";
    }
}
