using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Messaging.Events;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Allocation;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Rebalancing;

/// <summary>Plans trades between two sets of shares, and records a plan as decided. Orders are made and sent elsewhere.</summary>
internal sealed class RebalanceHandler(IDatabase database, WorldWriter writer, WorldServiceOptions options)
{
    /// <summary>Writes nothing.</summary>
    public Task<RebalancePlan> PlanAsync(MultiWorldRebalanceRequest request, Caller caller, CancellationToken cancellationToken)
    {
        foreach (var world in request.WorldAllocAfter.Keys) caller.Require(world, WorldRole.Reader);
        var schema = Negotiate(request.SchemaVersion);
        var inputs = RebalanceReader.Read(request);
        return database.ReadAsync(
            async session =>
            {
                foreach (var world in inputs.WorldAfter.Keys.Order(StringComparer.Ordinal)) await WorldStore.GetAsync(session, world);
                return await PlanAsync(session, inputs, schema, request.RebalanceIntent);
            },
            cancellationToken);
    }

    /// <summary>The same run with the same inputs is answered by what was recorded; the metrics beside a plan may have moved on since.</summary>
    public Task<ApplyRebalanceResponse> ApplyAsync(ApplyRebalanceRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (request.RunId.Length is 0 or > 200) throw Refuse.Field("/run_id", "must be 1 to 200 characters");
        var wanted = request.Request ?? throw Refuse.Field("/request", "is missing");
        if (wanted.RunId.Length > 0 && wanted.RunId != request.RunId) throw Refuse.Field("/request/run_id", $"must be '{request.RunId}' or empty, was '{wanted.RunId}'");
        foreach (var world in wanted.WorldAllocAfter.Keys) caller.Require(world, WorldRole.Operator);
        var schema = Negotiate(wanted.SchemaVersion);
        var inputs = RebalanceReader.Read(wanted);
        return writer.ChangeManyAsync([.. inputs.WorldAfter.Keys], caller, changes => RecordAsync(changes, request, inputs, schema), cancellationToken);
    }

    private static async Task<ApplyRebalanceResponse> RecordAsync(IReadOnlyList<WorldChange> changes, ApplyRebalanceRequest request, RebalanceInputs inputs, int schema)
    {
        var unit = changes[0].Unit;
        await unit.LockAsync("rebalance:" + request.RunId);
        var content = request.Request.Clone();
        content.RunId = "";
        var hash = AllocationRules.HashOf(content);
        if (await RebalanceStore.FindAsync(unit, request.RunId) is { } known)
        {
            if (known.RequestHash != hash) throw Refuse.EtagConflict($"Rebalancing run '{request.RunId}'", hash, known.RequestHash);
            return new ApplyRebalanceResponse { RunId = known.RunId, Plan = Json.Read<RebalancePlan>(known.Plan), PlanDigest = known.PlanDigest };
        }

        var plan = await PlanAsync(unit, inputs, schema, request.Request.RebalanceIntent);
        var json = Json.Write(plan);
        var response = new ApplyRebalanceResponse { RunId = request.RunId, Plan = plan, PlanDigest = DigestOf(json) };
        await RebalanceStore.InsertAsync(
            unit, new RebalanceRow { RunId = request.RunId, RequestHash = hash, Plan = json, PlanDigest = response.PlanDigest, Actor = changes[0].Caller.Subject, CreatedAt = unit.Now });
        foreach (var change in changes)
        {
            await change.AuditAsync("rebalancing_planned", request, response);
            await change.PublishAsync("rebalancing_planned", new RebalancingPlanned { WorldId = change.World.WorldId, Plan = plan, SchemaVersion = schema, RunId = request.RunId });
        }

        return response;
    }

    /// <summary>The plan in the shape of a schema version.</summary>
    public static async Task<RebalancePlan> PlanAsync(ISession session, RebalanceInputs inputs, int schema, Struct? intent = null)
    {
        var outcome = RebalancePlanner.Plan(inputs);
        var plan = RebalanceMessages.ToMessage(outcome, schema);
        if (schema < 2) return plan;
        plan.AlphaMetrics = await AlphaMetricsSource.LoadAsync(session, outcome, inputs.StrategyAfter);
        plan.RebalanceIntent = intent;
        return plan;
    }

    private int Negotiate(int wanted)
    {
        var schema = wanted == 0 ? RebalanceMessages.NewestSchema : wanted;
        if (schema is < 1 or > RebalanceMessages.NewestSchema) throw Refuse.Field(ReasonCodes.SchemaInvalid, "/schema_version", $"must be 1 to {RebalanceMessages.NewestSchema}, was {wanted}");
        if (schema < 2 && options.AlphaMetricsRequired) throw Refuse.Field(ReasonCodes.SchemaInvalid, "/schema_version", "must be 2: this service requires plans that carry alpha metrics");
        return schema;
    }

    /// <summary>The digest by which the event names the plan.</summary>
    private static string DigestOf(string plan) => "sha256:" + new EventData("rebalancing_planned", new JsonObject { ["plan"] = JsonNode.Parse(plan) }).Digest("plan");
}
