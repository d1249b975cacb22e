using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.Allocation;

/// <summary>Lists runs of allocations, and takes them back.</summary>
internal sealed class AllocationRunsHandler(IDatabase database, WorldWriter writer)
{
    public Task<ListAllocationRunsResponse> ListAsync(ListAllocationRunsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (request.WorldId.Length > 0) caller.Require(request.WorldId, WorldRole.Reader);
        var limit = Refuse.Limit(request.Limit, 50, 500);
        var (before, runId) = ReadToken(request.PageToken);
        return database.ReadAsync(
            async session =>
            {
                if (request.WorldId.Length > 0) await WorldStore.GetAsync(session, request.WorldId);
                var runs = await AllocationStore.ListRunsAsync(session, request.WorldId, before, runId, limit);
                var changes = (await AllocationStore.ChangesAsync(session, [.. runs.Select(run => run.RunId)])).ToLookup(change => change.RunId, StringComparer.Ordinal);
                var response = new ListAllocationRunsResponse();
                foreach (var run in runs)
                {
                    // Whoever may read none of its worlds does not learn of the run either.
                    var visible = changes[run.RunId].Where(change => caller.Allows(change.WorldId, WorldRole.Reader)).ToArray();
                    if (visible.Length > 0) response.Runs.Add(ToMessage(run, visible));
                }

                if (runs.Count == limit) response.NextPageToken = string.Create(CultureInfo.InvariantCulture, $"{UnixTime.ToNanoseconds(runs[^1].CreatedAt)}|{runs[^1].RunId}");
                return response;
            },
            cancellationToken);
    }

    public async Task<RollbackAllocationResponse> RollbackAsync(RollbackAllocationRequest request, Caller caller, CancellationToken cancellationToken)
    {
        AllocationRules.CheckRunId(request.TargetRunId, "/target_run_id");
        AllocationRules.CheckRunId(request.RunId, "/run_id");
        if (request.RunId == request.TargetRunId) throw Refuse.Field("/run_id", "must be another than target_run_id: taking back is a run of its own");
        var (target, undone) = await database.ReadAsync(session => TargetAsync(session, request.TargetRunId), cancellationToken);
        foreach (var change in undone) caller.Require(change.WorldId, WorldRole.Operator);
        if (request.Etag.Length > 0 && request.Etag != target.Etag) throw Refuse.EtagConflict($"Allocation run '{target.RunId}'", request.Etag, target.Etag);
        return await writer.ChangeManyAsync([.. undone.Select(change => change.WorldId)], caller, changes => UndoAsync(changes, request, undone), cancellationToken);
    }

    /// <summary>A run and its changes never change once written, so they may be read before the locks.</summary>
    private static async Task<(AllocationRunRow Run, IReadOnlyList<AllocationChangeRow> Changes)> TargetAsync(ISession session, string runId)
    {
        var run = await AllocationStore.FindRunAsync(session, runId)
            ?? throw new RefusalException(ReasonCodes.AllocationRunUnknown, $"There is no allocation run '{runId}'; list them with GET /allocations/runs.");
        var changes = await AllocationStore.ChangesAsync(session, [runId]);
        return changes.Count > 0 ? (run, changes)
            : throw new RefusalException(ReasonCodes.AllocationRunUnknown, $"Allocation run '{runId}' was made before changes were kept; set the shares wanted with POST /allocations.");
    }

    private static async Task<RollbackAllocationResponse> UndoAsync(IReadOnlyList<WorldChange> changes, RollbackAllocationRequest request, IReadOnlyList<AllocationChangeRow> undone)
    {
        var unit = changes[0].Unit;
        await AllocationStore.LockAsync(unit);
        if (await AllocationStore.FindRunAsync(unit, request.RunId) is { } known)
        {
            if (known.Kind == AllocationRunRow.Rollback && known.TargetRunId == request.TargetRunId) return Json.Read<RollbackAllocationResponse>(known.Response!);
            throw Refuse.EtagConflict($"Allocation run '{request.RunId}'", request.TargetRunId, known.Etag);
        }

        var etag = ContentHash.Stable(CanonicalValue.Map([.. undone.Select(change => (change.WorldId, Content(change)))]));
        var response = new RollbackAllocationResponse { RunId = request.RunId, TargetRunId = request.TargetRunId, Etag = etag };
        var written = new List<AllocationChangeRow>();
        foreach (var change in undone)
        {
            var current = await AllocationStore.FindAsync(unit, change.WorldId);
            RequireStanding(request.TargetRunId, change, current);
            var restored = Restored(unit, request, change, etag);
            if (restored is null) await AllocationStore.DeleteAsync(unit, change.WorldId);
            else await AllocationStore.SaveAsync(unit, restored);
            if (restored is not null) response.Allocations.Add(restored.ToMessage(unit.Now));
            written.Add(AllocationChangeRow.Between(request.RunId, change.WorldId, current, restored));
        }

        var total = await AllocationStore.TotalAsync(unit);
        AllocationRules.CheckTotal(total, "/target_run_id");
        response.Unallocated = Math.Max(0, 1 - total);
        await AllocationStore.InsertRunAsync(
            unit,
            new AllocationRunRow
            {
                RunId = request.RunId,
                Etag = etag,
                Request = Json.Write(request),
                Kind = AllocationRunRow.Rollback,
                TargetRunId = request.TargetRunId,
                Actor = changes[0].Caller.Subject,
                Response = Json.Write(response),
                CreatedAt = unit.Now,
            },
            written);
        foreach (var change in changes) await change.AuditAsync("allocation_rolled_back", request, response);
        return response;
    }

    /// <summary>Only what still stands is taken back; undoing below a later run would undo that one unseen.</summary>
    private static void RequireStanding(string target, AllocationChangeRow change, AllocationRow? current)
    {
        var stands = current is null ? change.AfterAllocation is null : current.RunId == target || current.OriginRunId == target;
        if (stands) return;
        throw new RefusalException(
            ReasonCodes.EtagConflict,
            $"The shares of world '{change.WorldId}' are no longer those of run '{target}': {(current is null ? "they were taken away" : $"run '{current.RunId}' set them")}. Take later runs back first.");
    }

    private static AllocationRow? Restored(IUnitOfWork unit, RollbackAllocationRequest request, AllocationChangeRow change, string etag) => change.BeforeAllocation is not { } share
        ? null
        : new AllocationRow
        {
            WorldId = change.WorldId,
            Allocation = share,
            RunId = request.RunId,
            Etag = etag,
            StrategyAllocTotal = change.BeforeStrategies,
            OriginRunId = change.BeforeOrigin,
            UpdatedAt = unit.Now,
        };

    private static CanonicalValue Content(AllocationChangeRow change) => CanonicalValue.Map(
        ("allocation", CanonicalValue.Of(change.BeforeAllocation ?? 0)),
        ("strategies", CanonicalValue.Map([.. Shares.Read(change.BeforeStrategies).Select(share => (share.Key, CanonicalValue.Of(share.Value)))])));

    private static AllocationRun ToMessage(AllocationRunRow run, IEnumerable<AllocationChangeRow> changes)
    {
        var message = new AllocationRun
        {
            RunId = run.RunId,
            Etag = run.Etag,
            Kind = run.Kind,
            TargetRunId = run.TargetRunId,
            Actor = run.Actor,
            CreatedAt = Timestamp.FromDateTimeOffset(run.CreatedAt),
        };
        foreach (var row in changes)
        {
            var change = new AllocationChange { WorldId = row.WorldId, Before = row.BeforeAllocation, After = row.AfterAllocation };
            foreach (var (strategy, share) in Shares.Read(row.BeforeStrategies)) change.StrategiesBefore.Add(strategy, share);
            foreach (var (strategy, share) in Shares.Read(row.AfterStrategies)) change.StrategiesAfter.Add(strategy, share);
            message.Changes.Add(change);
        }

        return message;
    }

    private static (DateTimeOffset Before, string RunId) ReadToken(string token)
    {
        if (token.Length == 0) return (UnixTime.FromNanoseconds(long.MaxValue), "");
        var bar = token.IndexOf('|', StringComparison.Ordinal);
        return bar > 0 && long.TryParse(token[..bar], NumberStyles.None, CultureInfo.InvariantCulture, out var nanoseconds)
            ? (UnixTime.FromNanoseconds(nanoseconds), token[(bar + 1)..])
            : throw Refuse.Field("/page_token", "must be the next_page_token of the page before");
    }
}
