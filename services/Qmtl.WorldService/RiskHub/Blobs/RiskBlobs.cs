using Google.Protobuf;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.RiskHub.Blobs;

/// <summary>One large field of a snapshot, taken out of it.</summary>
/// <param name="Ref"><c>blob:blake3:</c> and the hash of the content.</param>
internal sealed record RiskBlob(string Ref, byte[] Content);

/// <summary>A snapshot without its large fields, and those.</summary>
internal sealed record SplitSnapshot(RiskSnapshot Stored, IReadOnlyList<RiskBlob> Blobs);

/// <summary>A row of <c>ws_risk_blobs</c>.</summary>
internal sealed record BlobRow
{
    public string Ref { get; init; } = "";

    public string Location { get; init; } = "";

    public byte[]? Content { get; init; }
}

/// <summary>Takes large fields out of snapshots and puts them back. A blob is named by its content, so that equal ones are kept once and a damaged one is noticed.</summary>
internal sealed class RiskBlobs(RiskHubOptions options, IRiskBlobStore? store = null)
{
    private const string Prefix = "blob:";

    // An upload that is under way holds its row this long against the collection of blobs nobody uses.
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    /// <summary>Takes out what is larger than may stay inline.</summary>
    public SplitSnapshot Split(RiskSnapshot snapshot)
    {
        var stored = snapshot.Clone();
        var blobs = new List<RiskBlob>();
        if (stored.Covariance.Count > options.InlineEntries)
        {
            stored.CovarianceRef = Take(blobs, part => part.Covariance.Add(Sorted(snapshot.Covariance)));
            stored.Covariance.Clear();
        }

        if (Points(stored) > options.InlinePoints)
        {
            stored.RealizedReturnsRef = Take(blobs, part => part.RealizedReturns = snapshot.RealizedReturns);
            stored.RealizedReturns = null;
        }

        if (stored.Stress.Values.Sum(metrics => metrics.Fields.Count) > options.InlineEntries)
        {
            stored.StressRef = Take(blobs, part => part.Stress.Add(Sorted(snapshot.Stress)));
            stored.Stress.Clear();
        }

        return new SplitSnapshot(stored, blobs);
    }

    /// <summary>Brings blobs to where they will lie, before the transaction that uses them; nothing to do where that is the database.</summary>
    public async Task UploadAsync(IDatabase database, string worldId, SplitSnapshot split, CancellationToken cancellationToken)
    {
        if (store is null || split.Blobs.Count == 0) return;
        var locations = await database.WriteAsync(
            async unit =>
            {
                var found = new List<string>();
                foreach (var blob in split.Blobs) found.Add(await TouchAsync(unit, worldId, blob, null));
                return found;
            },
            cancellationToken);
        try
        {
            for (var i = 0; i < locations.Count; i++) await store.PutAsync(locations[i], split.Blobs[i].Content, cancellationToken);
        }
        catch (RiskBlobException error)
        {
            throw new RefusalException(ReasonCodes.Unavailable, "The blob store of the risk hub does not take the large fields of this snapshot; try again.", errors: null, metadata: null, error);
        }
    }

    /// <summary>Notes in the publishing transaction which blobs the snapshot uses.</summary>
    public async Task UseAsync(IUnitOfWork unit, string worldId, SplitSnapshot split)
    {
        foreach (var blob in split.Blobs)
        {
            await TouchAsync(unit, worldId, blob, store is null ? blob.Content : null);
            await unit.ExecuteAsync(
                "INSERT INTO ws_risk_blob_uses (world_id, version, ref) VALUES (@worldId, @Version, @Ref) ON CONFLICT (world_id, version, ref) DO NOTHING",
                new { worldId, split.Stored.Version, blob.Ref });
        }
    }

    /// <summary>The snapshot with its large fields inline.</summary>
    /// <exception cref="RefusalException">A blob is gone or damaged; what needs it must not go on without.</exception>
    public async Task<RiskSnapshot> ExpandAsync(ISession session, RiskSnapshot snapshot, CancellationToken cancellationToken)
    {
        var expanded = snapshot.Clone();
        if (snapshot.CovarianceRef is { } covariance)
        {
            expanded.Covariance.Add((await PartAsync(covariance, "covariance", part => part.Covariance.Count > 0)).Covariance);
            expanded.CovarianceRef = null;
        }

        if (snapshot.RealizedReturnsRef is { } returns)
        {
            expanded.RealizedReturns = (await PartAsync(returns, "realized_returns", part => part.RealizedReturns is not null)).RealizedReturns;
            expanded.RealizedReturnsRef = null;
        }

        if (snapshot.StressRef is { } stress)
        {
            expanded.Stress.Add((await PartAsync(stress, "stress", part => part.Stress.Count > 0)).Stress);
            expanded.StressRef = null;
        }

        return expanded;

        async Task<RiskSnapshot> PartAsync(string reference, string field, Predicate<RiskSnapshot> holds)
        {
            var part = RiskSnapshot.Parser.ParseFrom(await ReadAsync(session, snapshot.WorldId, field, reference, cancellationToken));
            return holds(part) ? part : throw Missing(field, reference, "holds another field");
        }
    }

    /// <summary>Forgets the blobs of a world that no snapshot uses any more.</summary>
    /// <returns>Locations to delete from the store once this is committed.</returns>
    public static async Task<IReadOnlyList<string>> CollectAsync(IUnitOfWork unit, string worldId)
    {
        const string Unused = "world_id = @worldId AND touched_at < @before AND NOT EXISTS (SELECT 1 FROM ws_risk_blob_uses u WHERE u.world_id = ws_risk_blobs.world_id AND u.ref = ws_risk_blobs.ref)";
        var key = new { worldId, before = unit.Now - Grace };
        var locations = await unit.QueryAsync<string>($"SELECT location FROM ws_risk_blobs WHERE {Unused}", key);
        if (locations.Count > 0) await unit.ExecuteAsync($"DELETE FROM ws_risk_blobs WHERE {Unused}", key);
        return locations;
    }

    /// <summary>Deletes collected blobs from the store. One that stays behind costs space, nothing else.</summary>
    public async Task DeleteAsync(IReadOnlyList<string> locations, CancellationToken cancellationToken)
    {
        if (store is null) return;
        foreach (var location in locations)
        {
            try
            {
                await store.DeleteAsync(location, cancellationToken);
            }
            catch (RiskBlobException)
            {
                return;
            }
        }
    }

    private static async Task<string> TouchAsync(IUnitOfWork unit, string worldId, RiskBlob blob, byte[]? content)
    {
        var hash = blob.Ref[(blob.Ref.LastIndexOf(':') + 1)..];
        await unit.ExecuteAsync(
            """
            INSERT INTO ws_risk_blobs (world_id, ref, location, touched_at, content) VALUES (@worldId, @Ref, @location, @Now, @content)
            ON CONFLICT (world_id, ref) DO UPDATE SET touched_at = excluded.touched_at
            """,
            new { worldId, blob.Ref, location = $"{worldId}/{hash}-{Guid.NewGuid():N}", unit.Now, content });
        return await unit.ScalarAsync<string>("SELECT location FROM ws_risk_blobs WHERE world_id = @worldId AND ref = @Ref", new { worldId, blob.Ref }) ?? "";
    }

    private async Task<byte[]> ReadAsync(ISession session, string worldId, string field, string reference, CancellationToken cancellationToken)
    {
        var row = await session.FirstOrDefaultAsync<BlobRow>("SELECT ref, location, content FROM ws_risk_blobs WHERE world_id = @worldId AND ref = @reference", new { worldId, reference })
            ?? throw Missing(field, reference, "is unknown");
        byte[]? content;
        try
        {
            content = row.Content ?? (store is null ? null : await store.GetAsync(row.Location, cancellationToken));
        }
        catch (RiskBlobException error)
        {
            throw new RefusalException(ReasonCodes.SnapshotBlobMissing, $"The blob {reference} ({field}) cannot be read now; try again.", errors: null, metadata: null, error);
        }

        if (content is null) throw Missing(field, reference, "is gone from the blob store");
        return string.Equals(RefOf(content), reference, StringComparison.Ordinal) ? content : throw Missing(field, reference, "is damaged: its content has another hash");
    }

    private static RefusalException Missing(string field, string reference, string what) =>
        new(ReasonCodes.SnapshotBlobMissing, $"The blob {reference} ({field}) {what}; publish a new snapshot.");

    private static string Take(List<RiskBlob> blobs, Action<RiskSnapshot> fill)
    {
        var part = new RiskSnapshot();
        fill(part);
        var content = part.ToByteArray();
        var reference = RefOf(content);
        if (!blobs.Any(blob => string.Equals(blob.Ref, reference, StringComparison.Ordinal))) blobs.Add(new RiskBlob(reference, content));
        return reference;
    }

    private static string RefOf(byte[] content) => Prefix + NodeId.Prefix + Blake3.HashHex(content);

    private static int Points(RiskSnapshot snapshot) => snapshot.RealizedReturns switch
    {
        { ListValue: { } list } => list.Values.Count,
        { StructValue: { } named } => named.Fields.Values.Sum(series => series.ListValue.Values.Count),
        _ => 0,
    };

    private static SortedDictionary<string, T> Sorted<T>(IDictionary<string, T> map) => new(map, StringComparer.Ordinal);
}
