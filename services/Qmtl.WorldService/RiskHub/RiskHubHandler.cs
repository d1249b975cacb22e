using System.Security.Cryptography;
using System.Text;
using Qmtl.Identity;
using Qmtl.ServiceDefaults.Authentication;
using Qmtl.Storage;
using Qmtl.V1;
using Qmtl.WorldService.Access;
using Qmtl.WorldService.RiskHub.Blobs;
using Qmtl.WorldService.Worlds;

namespace Qmtl.WorldService.RiskHub;

/// <summary>What came of publishing.</summary>
internal sealed record Publication(RiskSnapshot Snapshot, bool Created);

/// <summary>Stores and reads risk snapshots. Producers compute; the hub checks, keeps and announces.</summary>
internal sealed class RiskHubHandler(
    IDatabase database,
    WorldWriter writer,
    RiskBlobs blobs,
    IEnumerable<IRiskSnapshotObserver> observers,
    RiskHubOptions options,
    RiskHubMetrics metrics,
    TimeProvider clock)
{
    private const int ListStandard = 50;
    private const int ListMax = 500;

    public async Task<Publication> PublishAsync(PublishSnapshotRequest request, Caller caller, PublisherHeaders given, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Operator);
        var headers = given.Check(options.Token);
        try
        {
            return await StoreAsync(request, caller, headers, cancellationToken);
        }
        catch (RefusalException refusal)
        {
            // Only worlds that exist become labels.
            if (refusal.Code == ReasonCodes.SnapshotExpired) metrics.Expired(request.WorldId, headers.Stage);
            else if (refusal.Code != ReasonCodes.WorldUnknown) metrics.Failed(request.WorldId, headers.Stage);
            throw;
        }
    }

    public Task<ListSnapshotsResponse> ListAsync(ListSnapshotsRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var limit = Refuse.Limit(request.Limit, ListStandard, ListMax);
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var response = new ListSnapshotsResponse();
                response.Snapshots.Add((await RiskSnapshotStore.ListAsync(session, new SnapshotFilter(request.WorldId), limit)).Select(row => row.Snapshot));
                return response;
            },
            cancellationToken);
    }

    public Task<RiskSnapshot> GetLatestAsync(LatestSnapshotRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        var limit = Refuse.Limit(request.Limit, ListStandard, ListMax);
        var now = clock.GetUtcNow();
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var rows = await RiskSnapshotStore.ListAsync(session, new SnapshotFilter(request.WorldId, request.Stage, request.Actor), limit);
                var row = rows.FirstOrDefault(row => row.IsFresh(now));
                if (row is not null) return await AnswerAsync(session, row, request.Expand, cancellationToken);
                metrics.Missing(request.WorldId);
                throw Unknown(rows.Count == 0
                    ? $"World '{request.WorldId}' has no risk snapshot{Of(request)}; a producer publishes one with POST /risk-hub/worlds/{request.WorldId}/snapshots."
                    : $"The newest risk snapshot of world '{request.WorldId}'{Of(request)}, '{rows[0].Version}', expired at {rows[0].ExpiresAt:yyyy-MM-ddTHH:mm:ssZ}; its producer '{rows[0].Actor}' has to publish a newer one.");
            },
            cancellationToken);
    }

    public Task<RiskSnapshot> LookupAsync(LookupSnapshotRequest request, Caller caller, CancellationToken cancellationToken)
    {
        caller.Require(request.WorldId, WorldRole.Reader);
        if (request.Version.Length > 0 == request.AsOf is not null) throw Refuse.Field("/version", "either version or as_of must be given");
        return database.ReadAsync(
            async session =>
            {
                await WorldStore.GetAsync(session, request.WorldId);
                var row = request.AsOf is { } asOf
                    ? await RiskSnapshotStore.FindAsync(session, request.WorldId, asOf.ToDateTimeOffset())
                    : await RiskSnapshotStore.FindAsync(session, request.WorldId, request.Version);
                return row is null
                    ? throw Unknown($"World '{request.WorldId}' has no such risk snapshot; list them with GET /risk-hub/worlds/{request.WorldId}/snapshots.")
                    : await AnswerAsync(session, row, request.Expand, cancellationToken);
            },
            cancellationToken);
    }

    private async Task<Publication> StoreAsync(PublishSnapshotRequest request, Caller caller, SnapshotHeaders headers, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var given = request.Snapshot ?? throw Refuse.Field(ReasonCodes.SnapshotInvalid, "/snapshot", "is required");
        await database.ReadAsync(session => WorldStore.GetAsync(session, request.WorldId), cancellationToken);
        given = await ResolveAsync(request.WorldId, given, cancellationToken);

        // Hashing, factorising and uploading come before the transaction: on SQLite all writers stand behind it.
        var snapshot = RiskSnapshotRules.Complete(given, request.WorldId, headers, options, clock.GetUtcNow());
        var split = blobs.Split(snapshot);
        await blobs.UploadAsync(database, request.WorldId, split, cancellationToken);
        IReadOnlyList<string> unused = [];
        var publication = await writer.ChangeAsync(
            request.WorldId,
            caller,
            async change =>
            {
                (var result, unused) = await RecordAsync(change, snapshot, split);
                return result;
            },
            cancellationToken);
        await blobs.DeleteAsync(unused, cancellationToken);
        metrics.Newest(request.WorldId, publication.Snapshot.CreatedAt.ToDateTimeOffset());
        if (publication.Created) metrics.Processed(request.WorldId, headers.Stage, clock.GetElapsedTime(started));
        else metrics.Deduplicated(request.WorldId, headers.Stage);
        return publication;
    }

    private async Task<(Publication Publication, IReadOnlyList<string> Unused)> RecordAsync(WorldChange change, RiskSnapshot snapshot, SplitSnapshot split)
    {
        if (await RiskSnapshotStore.FindAsync(change.Unit, snapshot.WorldId, snapshot.Version) is { } known)
        {
            return string.Equals(known.Hash, snapshot.Hash, StringComparison.Ordinal)
                ? (new Publication(known.Snapshot, Created: false), [])
                : throw new RefusalException(
                    ReasonCodes.SnapshotConflict,
                    $"version: world '{snapshot.WorldId}' has a snapshot '{snapshot.Version}' with other content ({known.Hash}); a snapshot never changes, so publish this one under a new version.",
                    [new FieldError("/version", "must be new, or name the same content")]);
        }

        var row = await RiskSnapshotStore.InsertAsync(change.Unit, split.Stored);
        await blobs.UseAsync(change.Unit, snapshot.WorldId, split);
        await change.PublishAsync("risk_snapshot_updated", new RiskSnapshotUpdated { Version = 1, Snapshot = split.Stored, EventVersion = (int)row.Sequence });
        await change.AuditAsync("risk_snapshot_published", null, split.Stored, snapshot.Provenance.Stage);
        foreach (var observer in observers) await observer.ObserveAsync(change, row with { Snapshot = snapshot });
        await RiskSnapshotStore.PruneAsync(change.Unit, snapshot.WorldId, row.Sequence, options.KeepSnapshots);
        return (new Publication(split.Stored, Created: true), await RiskBlobs.CollectAsync(change.Unit, snapshot.WorldId));
    }

    /// <summary>A producer may refer to blobs that an earlier snapshot of the world brought; they are checked like anything it sends.</summary>
    private async Task<RiskSnapshot> ResolveAsync(string worldId, RiskSnapshot given, CancellationToken cancellationToken)
    {
        CheckOnce(given.CovarianceRef is not null && given.Covariance.Count > 0, "/covariance_ref");
        CheckOnce(given.RealizedReturnsRef is not null && given.RealizedReturns is not null, "/realized_returns_ref");
        CheckOnce(given.StressRef is not null && given.Stress.Count > 0, "/stress_ref");
        if (given is { CovarianceRef: null, RealizedReturnsRef: null, StressRef: null }) return given;
        var located = given.Clone();
        located.WorldId = worldId;
        try
        {
            var expanded = await database.ReadAsync(session => blobs.ExpandAsync(session, located, cancellationToken), cancellationToken);
            expanded.WorldId = given.WorldId;
            return expanded;
        }
        catch (RefusalException missing) when (missing.Code == ReasonCodes.SnapshotBlobMissing)
        {
            throw new RefusalException(ReasonCodes.SnapshotInvalid, $"{missing.Message} A reference must be one that an earlier snapshot of this world was answered with; else send the field itself.", errors: null, metadata: null, missing);
        }
    }

    private static void CheckOnce(bool both, string pointer)
    {
        if (both) throw Refuse.Field(ReasonCodes.SnapshotInvalid, pointer, "must not stand beside the field that it stands for");
    }

    private async Task<RiskSnapshot> AnswerAsync(ISession session, RiskSnapshotRow row, bool expand, CancellationToken cancellationToken) =>
        expand ? await blobs.ExpandAsync(session, row.Snapshot, cancellationToken) : row.Snapshot;

    private static string Of(LatestSnapshotRequest request) =>
        (request.Stage.Length > 0 ? $" of stage {request.Stage}" : "") + (request.Actor.Length > 0 ? $" by '{request.Actor}'" : "");

    private static RefusalException Unknown(string message) => new(ReasonCodes.SnapshotUnknown, message);
}

/// <summary>The headers of a publication, as they came.</summary>
internal sealed record PublisherHeaders(string? Actor, string? Stage, string? Token, string? Authorization)
{
    private const string Bearer = "Bearer ";

    /// <summary>Who publishes; refuses a caller without the token, or without headers.</summary>
    public SnapshotHeaders Check(string token)
    {
        if (token.Length > 0 && !IsToken(token))
        {
            throw new RefusalException(ReasonCodes.Auth, "Publishing risk snapshots needs the hub's token: send X-Risk-Hub-Token: <token>, or Authorization: Bearer <token> where nobody signs in.");
        }

        string?[] missing = [string.IsNullOrWhiteSpace(Actor) ? "X-Actor" : null, string.IsNullOrWhiteSpace(Stage) ? "X-Stage" : null];
        if (missing.OfType<string>().ToArray() is { Length: > 0 } names)
        {
            throw new RefusalException(ReasonCodes.MissingHeaders, $"The header {string.Join(" and ", names)} is missing: X-Actor names the producer, X-Stage is backtest, paper or live.");
        }

        return new SnapshotHeaders(Actor!.Trim(), Stage!.Trim());
    }

    // In constant time, so that the answer does not tell how much of a guess was right.
    private bool IsToken(string token) =>
        Given() is { } given && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(token));

    // Where producers sign in, the Authorization header carries the proof of who they are, and never comes this far.
    private string? Given() =>
        Token is { Length: > 0 } ? Token.Trim()
        : Authorization is { } header && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : null;
}
