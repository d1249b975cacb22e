using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Rebalancing;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Allocation;

/// <summary>Sets and reads the shares of worlds in the total equity.</summary>
internal sealed class AllocationHandler(IDatabase database, WorldWriter writer, AllocationMetrics metrics, TimeProvider clock)
{
    public Task<PostAllocationsResponse> PostAsync(PostAllocationsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        foreach (var world in request.WorldAllocations.Keys) caller.Require(world, WorldRole.Operator);
        AllocationRules.Check(request);
        var etag = AllocationRules.EtagOf(request);
        if (request.Etag.Length > 0 && !string.Equals(request.Etag, etag, StringComparison.Ordinal)) throw Refuse.EtagConflict("The content of the run", request.Etag, etag);
        return writer.ChangeManyAsync([.. request.WorldAllocations.Keys], caller, changes => SetAsync(changes, request, etag), cancellationToken);
    }

    public Task<GetAllocationsResponse> GetAsync(GetAllocationsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (request.WorldId.Length > 0) caller.Require(request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                if (request.WorldId.Length > 0) await WorldStore.GetAsync(session, request.WorldId);
                var rows = await AllocationStore.ListAsync(session, request.WorldId);
                if (request.WorldId.Length > 0 && rows.Count == 0)
                {
                    throw new RefusalException(ReasonCodes.AllocationUnknown, $"World '{request.WorldId}' has no allocation; set one with POST /allocations.");
                }

                var response = new GetAllocationsResponse();
                foreach (var row in rows.Where(row => caller.Allows(row.WorldId, WorldRole.Reader)))
                {
                    var snapshot = row.ToMessage(clock.GetUtcNow());
                    metrics.SnapshotRead(row.WorldId, snapshot.Stale);
                    response.Allocations.Add(row.WorldId, snapshot);
                }

                return response;
            },
            cancellationToken);
    }

    private static async Task<PostAllocationsResponse> SetAsync(IReadOnlyList<WorldChange> changes, PostAllocationsRequest request, string etag)
    {
        var unit = changes[0].Unit;
        await AllocationStore.LockAsync(unit);
        if (await AllocationStore.FindRunAsync(unit, request.RunId) is { } known) return await RepeatAsync(changes, known, etag);

        var before = new Dictionary<string, AllocationRow>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            if (await AllocationStore.FindAsync(unit, change.World.WorldId) is { } row) before[row.WorldId] = row;
        }

        var inputs = AllocationRules.PlanInputs(request, before);
        var response = new PostAllocationsResponse { RunId = request.RunId, Etag = etag, Plan = await RebalanceHandler.PlanAsync(unit, inputs, RebalanceMessages.NewestSchema) };
        var written = new List<AllocationChangeRow>();
        foreach (var change in changes)
        {
            var row = Row(unit, request, inputs, etag, change.World.WorldId);
            await AllocationStore.SaveAsync(unit, row);
            response.Allocations.Add(row.ToMessage(unit.Now));
            written.Add(AllocationChangeRow.Between(request.RunId, row.WorldId, before.GetValueOrDefault(row.WorldId), row));
        }

        var total = await AllocationStore.TotalAsync(unit);
        AllocationRules.CheckTotal(total, "/world_allocations");
        response.Unallocated = Math.Max(0, 1 - total);
        await AllocationStore.InsertRunAsync(
            unit,
            new AllocationRunRow { RunId = request.RunId, Etag = etag, Request = Json.Write(request), Actor = changes[0].Caller.Subject, Response = Json.Write(response), CreatedAt = unit.Now },
            written);
        foreach (var change in changes) await change.AuditAsync("allocation_set", request, response);
        return response;
    }

    private static async Task<PostAllocationsResponse> RepeatAsync(IReadOnlyList<WorldChange> changes, AllocationRunRow known, string etag)
    {
        if (!string.Equals(known.Etag, etag, StringComparison.Ordinal)) throw Refuse.EtagConflict($"Allocation run '{known.RunId}'", etag, known.Etag);
        if (Json.ReadOptional<PostAllocationsResponse>(known.Response) is { } recorded) return recorded;

        // A run from before answers were kept: what it set still stands, or a later run says otherwise.
        var unit = changes[0].Unit;
        var response = new PostAllocationsResponse { RunId = known.RunId, Etag = etag, Unallocated = Math.Max(0, 1 - await AllocationStore.TotalAsync(unit)) };
        foreach (var change in changes)
        {
            if (await AllocationStore.FindAsync(unit, change.World.WorldId) is { } row) response.Allocations.Add(row.ToMessage(unit.Now));
        }

        return response;
    }

    private static AllocationRow Row(IUnitOfWork unit, PostAllocationsRequest request, RebalanceInputs inputs, string etag, string world) => new()
    {
        WorldId = world,
        Allocation = request.WorldAllocations[world],
        RunId = request.RunId,
        Etag = etag,
        StrategyAllocTotal = inputs.StrategyAfter.TryGetValue(world, out var shares) ? Shares.Write(shares) : Shares.None,
        OriginRunId = request.RunId,
        UpdatedAt = unit.Now,
    };
}
