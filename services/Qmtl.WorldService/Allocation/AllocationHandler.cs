using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Telemetry;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Allocation;

/// <summary>A row of <c>ws_allocations</c>.</summary>
internal sealed record AllocationRow
{
    public static readonly TimeSpan Ttl = TimeSpan.FromSeconds(300);

    public string WorldId { get; init; } = "";

    public double Allocation { get; init; }

    public string RunId { get; init; } = "";

    public string Etag { get; init; } = "";

    public string StrategyAllocTotal { get; init; } = "{}";

    public DateTimeOffset UpdatedAt { get; init; }

    public AllocationSnapshot ToMessage(DateTimeOffset now)
    {
        var snapshot = new AllocationSnapshot
        {
            WorldId = WorldId,
            Allocation = Allocation,
            RunId = RunId,
            Etag = Etag,
            UpdatedAt = Timestamp.FromDateTimeOffset(UpdatedAt),
            Ttl = Duration.FromTimeSpan(Ttl),
            Stale = now - UpdatedAt > Ttl,
        };
        foreach (var (strategy, share) in JsonSerializer.Deserialize<SortedDictionary<string, double>>(StrategyAllocTotal)!) snapshot.StrategyAllocTotal.Add(strategy, share);
        return snapshot;
    }
}

/// <summary>Sets and reads the shares of worlds in the total equity.</summary>
internal sealed class AllocationHandler(IDatabase database, WorldAccess access, WorldMetrics metrics, TimeProvider clock)
{
    // Shares add up over worlds, so they change under one lock.
    private const string Scope = "allocations";

    public Task<PostAllocationsResponse> PostAsync(PostAllocationsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        foreach (var world in request.WorldAllocations.Keys) access.Require(caller, world, WorldRole.Operator);
        AllocationRules.Check(request);
        var etag = AllocationRules.EtagOf(request);
        if (request.Etag.Length > 0 && !string.Equals(request.Etag, etag, StringComparison.Ordinal)) throw Refuse.EtagConflict("The content of the run", request.Etag, etag);
        return database.WriteAsync(unit => SetAsync(unit, request, etag, caller), cancellationToken);
    }

    public Task<GetAllocationsResponse> GetAsync(GetAllocationsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (request.WorldId.Length > 0) access.Require(caller, request.WorldId, WorldRole.Reader);
        return database.ReadAsync(
            async session =>
            {
                if (request.WorldId.Length > 0) await WorldStore.GetAsync(session, request.WorldId);
                var rows = await session.QueryAsync<AllocationRow>(
                    $"SELECT * FROM ws_allocations WHERE @WorldId = '' OR world_id = @WorldId ORDER BY world_id {session.Dialect.Ordinal}", new { request.WorldId });
                if (request.WorldId.Length > 0 && rows.Count == 0)
                {
                    throw new RefusalException(ReasonCodes.AllocationUnknown, $"World '{request.WorldId}' has no allocation; set one with POST /allocations.");
                }

                var response = new GetAllocationsResponse();
                foreach (var row in rows.Where(row => access.Allows(caller, row.WorldId, WorldRole.Reader)))
                {
                    var snapshot = row.ToMessage(clock.GetUtcNow());
                    metrics.SnapshotRead(row.WorldId, snapshot.Stale);
                    response.Allocations.Add(row.WorldId, snapshot);
                }

                return response;
            },
            cancellationToken);
    }

    private static async Task<PostAllocationsResponse> SetAsync(IUnitOfWork unit, PostAllocationsRequest request, string etag, Caller caller)
    {
        await unit.LockAsync(Scope);
        var response = new PostAllocationsResponse { RunId = request.RunId, Etag = etag, Executed = false, Unallocated = AllocationRules.Unallocated(request.WorldAllocations) };
        var known = await unit.ScalarAsync<string>("SELECT etag FROM ws_allocation_runs WHERE run_id = @RunId", new { request.RunId });
        if (known is not null && !string.Equals(known, etag, StringComparison.Ordinal)) throw Refuse.EtagConflict($"Allocation run '{request.RunId}'", etag, known);
        foreach (var (world, share) in request.WorldAllocations.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            await WorldStore.GetAsync(unit, world);
            if (known is null) await SaveAsync(unit, Row(unit, request, etag, world, share));
            var row = await unit.FirstOrDefaultAsync<AllocationRow>("SELECT * FROM ws_allocations WHERE world_id = @world", new { world });
            response.Allocations.Add(row!.ToMessage(unit.Now));
        }

        if (known is not null) return response;
        await CheckTotalAsync(unit);
        await unit.ExecuteAsync(
            "INSERT INTO ws_allocation_runs (run_id, etag, request, created_at) VALUES (@RunId, @etag, @json, @Now)", new { request.RunId, etag, json = Json.Write(request), unit.Now });
        foreach (var world in request.WorldAllocations.Keys)
        {
            await unit.AuditAsync(new Storage.Audit.AuditEntry(caller.Subject, "allocation_set")
            {
                WorldId = world,
                CorrelationId = caller.CorrelationId,
                Request = Json.Write(request),
                Result = Json.Write(response),
            });
        }

        return response;
    }

    private static AllocationRow Row(IUnitOfWork unit, PostAllocationsRequest request, string etag, string world, double share) => new()
    {
        WorldId = world,
        Allocation = share,
        RunId = request.RunId,
        Etag = etag,
        StrategyAllocTotal = request.StrategyAllocAfterTotal.TryGetValue(world, out var shares) ? JsonSerializer.Serialize(AllocationRules.ReadShares(shares, "")) : "{}",
        UpdatedAt = unit.Now,
    };

    private static Task<int> SaveAsync(IUnitOfWork unit, AllocationRow row) => unit.ExecuteAsync(
        """
        INSERT INTO ws_allocations (world_id, allocation, run_id, etag, strategy_alloc_total, updated_at)
        VALUES (@WorldId, @Allocation, @RunId, @Etag, @StrategyAllocTotal, @UpdatedAt)
        ON CONFLICT (world_id) DO UPDATE SET allocation = excluded.allocation, run_id = excluded.run_id, etag = excluded.etag,
            strategy_alloc_total = excluded.strategy_alloc_total, updated_at = excluded.updated_at
        """,
        row);

    /// <summary>Worlds that the request does not name keep their shares, and those count too.</summary>
    private static async Task CheckTotalAsync(IUnitOfWork unit)
    {
        var total = await unit.ScalarAsync<double>(
            $"SELECT SUM(a.allocation) FROM ws_allocations a JOIN ws_worlds w ON w.world_id = a.world_id WHERE w.state <> '{WorldStates.Deleted}'");
        if (total > 1 + 1e-9)
        {
            throw Refuse.Field(ReasonCodes.AllocationSum, "/world_allocations", FormattableString.Invariant($"together with the worlds that are not named the shares add up to {total:G6}, which is more than 1"));
        }
    }
}
