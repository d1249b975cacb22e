using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Identity;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;
using Qmtl.V1;
using Qmtl.WorldService.RiskHub;
using Qmtl.WorldService.Tests.Service;

namespace Qmtl.WorldService.Tests.RiskHub;

/// <summary>What the risk hub does over gRPC, whatever database it stands on.</summary>
public abstract class RiskHubTests
{
    private protected abstract Task<WorldHost> StartAsync(params (string Key, string Value)[] settings);

    [ConformanceFact]
    public async Task Publish_New_IsStoredAnnouncedAndAudited()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }).ResponseAsync.Within();
        var stored = await PublishAsync(host, Snapshot(host, "v1"));
        Assert.Equal(("w", 900, "risk-engine", "live"), (stored.WorldId, stored.TtlSec!.Value, stored.Provenance.Actor, stored.Provenance.Stage));
        Assert.Equal(stored, await LatestAsync(host));
        Assert.Equal(stored, await host.Client.LookupRiskSnapshotAsync(new LookupSnapshotRequest { WorldId = "w", Version = "v1" }).ResponseAsync.Within());
        Assert.Equal(stored, await host.Client.LookupRiskSnapshotAsync(new LookupSnapshotRequest { WorldId = "w", AsOf = stored.AsOf }).ResponseAsync.Within());
        Assert.Equal(["risk_snapshot_updated"], await host.EventsAsync("w", "risk"));
        var audit = await host.Client.ListAuditAsync(new ListAuditRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal(["risk_snapshot_published", "world_created"], audit.Entries.Select(entry => entry.Event));
        Assert.True((await host.Services.GetRequiredService<IAuditLog>().VerifyAsync("w").Within()).Intact);
    }

    [ConformanceFact]
    public async Task Publish_Again_CountsOnce_AndOtherContentConflicts()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }).ResponseAsync.Within();
        var first = await PublishAsync(host, Snapshot(host, "v1"));
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        var same = Snapshot(host, "v1");
        same.AsOf = first.AsOf;
        Assert.Equal(first, await PublishAsync(host, same));
        Assert.Equal(["risk_snapshot_updated"], await host.EventsAsync("w", "risk"));
        var other = Snapshot(host, "v1");
        other.Weights["a"] = 0.6001;
        Assert.Equal(ReasonCodes.SnapshotConflict, (await WorldHost.RefusedAsync(() => PublishAsync(host, other))).Code);
        Assert.Equal(first, await LatestAsync(host));
    }

    [ConformanceFact]
    public async Task Latest_PastItsTtl_IsGone_AndALateOneDoesNotHideANewerOne()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }).ResponseAsync.Within();
        Assert.Equal(ReasonCodes.SnapshotUnknown, (await WorldHost.RefusedAsync(() => LatestAsync(host))).Code);
        await PublishAsync(host, Snapshot(host, "new"));
        var late = Snapshot(host, "late");
        late.AsOf = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow().AddDays(-1));
        late.TtlSec = 3600;
        await PublishAsync(host, late);
        Assert.Equal("new", (await LatestAsync(host)).Version);

        host.Clock.Advance(TimeSpan.FromSeconds(899));
        Assert.Equal("new", (await LatestAsync(host)).Version);
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("late", (await LatestAsync(host)).Version);
        host.Clock.Advance(TimeSpan.FromHours(1));
        var refused = await WorldHost.RefusedAsync(() => LatestAsync(host));
        Assert.Equal(ReasonCodes.SnapshotUnknown, refused.Code);
        Assert.Contains("'new', expired at 2026-01-05T12:15:00Z", refused.Detail, StringComparison.Ordinal);
        var all = await host.Client.ListRiskSnapshotsAsync(new ListSnapshotsRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal(["new", "late"], all.Snapshots.Select(snapshot => snapshot.Version));
    }

    [ConformanceFact]
    public async Task Latest_OfStageAndActor_IsTheirs()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }).ResponseAsync.Within();
        await PublishAsync(host, Snapshot(host, "v1"), "ann", "paper");
        host.Clock.Advance(TimeSpan.FromSeconds(1));
        await PublishAsync(host, Snapshot(host, "v2"), "bob", "live");
        Assert.Equal("v2", (await LatestAsync(host)).Version);
        Assert.Equal("v1", (await LatestAsync(host, new LatestSnapshotRequest { WorldId = "w", Stage = "paper" })).Version);
        Assert.Equal("v1", (await LatestAsync(host, new LatestSnapshotRequest { WorldId = "w", Actor = "ann" })).Version);
        Assert.Equal(ReasonCodes.SnapshotUnknown, (await WorldHost.RefusedAsync(() => LatestAsync(host, new LatestSnapshotRequest { WorldId = "w", Stage = "live", Actor = "ann" }))).Code);

        var snapshots = host.Services.GetRequiredService<RiskSnapshots>();
        var row = await host.Database.ReadAsync(session => snapshots.LatestAsync(session, "w", host.Clock.GetUtcNow(), "live"));
        Assert.Equal(("v2", true, false), (row!.Version, row.HasField(RiskField.Weights), row.HasField(RiskField.Covariance)));
        Assert.False(row.IsFresh(row.ExpiresAt));
        Assert.Null(await host.Database.ReadAsync(session => snapshots.LatestAsync(session, "w", host.Clock.GetUtcNow(), "backtest")));
    }

    [ConformanceFact]
    public async Task LargeFields_LieElsewhere_AndComeBackWhenAsked()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }).ResponseAsync.Within();
        var large = Large(host, "v1");
        var stored = await PublishAsync(host, large);
        Assert.Empty(stored.Covariance);
        Assert.StartsWith("blob:blake3:", stored.CovarianceRef, StringComparison.Ordinal);
        Assert.Null(stored.RealizedReturns);
        Assert.Empty(stored.Stress);

        var expanded = await LatestAsync(host, new LatestSnapshotRequest { WorldId = "w", Expand = true });
        Assert.Equal((large.Covariance, large.RealizedReturns, large.Stress), (expanded.Covariance, expanded.RealizedReturns, expanded.Stress));
        Assert.Null(expanded.CovarianceRef);

        // The hash is over the content, wherever it lies.
        Assert.Equal(expanded.Hash, RiskSnapshotHash.Of(expanded));

        var next = Snapshot(host, "v2");
        next.CovarianceRef = stored.CovarianceRef;
        Assert.Equal(stored.CovarianceRef, (await PublishAsync(host, next)).CovarianceRef);
        var unknown = Snapshot(host, "v3");
        unknown.StressRef = "blob:blake3:00";
        Assert.Equal(ReasonCodes.SnapshotInvalid, (await WorldHost.RefusedAsync(() => PublishAsync(host, unknown))).Code);
        var wrongField = Snapshot(host, "v3");
        wrongField.StressRef = stored.CovarianceRef;
        Assert.Equal(ReasonCodes.SnapshotInvalid, (await WorldHost.RefusedAsync(() => PublishAsync(host, wrongField))).Code);

        var snapshots = host.Services.GetRequiredService<RiskSnapshots>();
        var row = await host.Database.ReadAsync(async session => await snapshots.ExpandAsync(session, (await snapshots.LatestAsync(session, "w", host.Clock.GetUtcNow()))!, default));
        Assert.Equal(0.04, row.Covariance("s3", "s3"));
        Assert.Null(row.Covariance("s3", "s4"));
    }

    [ConformanceFact]
    public async Task OldSnapshots_AreForgotten_WithTheirBlobs()
    {
        await using var host = await StartAsync(("WorldService:RiskHub:KeepSnapshots", "2"));
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }).ResponseAsync.Within();
        await PublishAsync(host, Large(host, "v1"));
        var shared = (await PublishAsync(host, Large(host, "v2"))).CovarianceRef;
        Assert.Equal(3, await BlobsAsync(host));
        for (var i = 3; i <= 5; i++)
        {
            host.Clock.Advance(TimeSpan.FromHours(2));
            var next = Snapshot(host, "v" + i);
            if (i != 4) next.CovarianceRef = shared;
            await PublishAsync(host, next);
        }

        // Nobody uses returns and stress of v2 any more; v5 still uses its covariance.
        var all = await host.Client.ListRiskSnapshotsAsync(new ListSnapshotsRequest { WorldId = "w" }).ResponseAsync.Within();
        Assert.Equal(["v5", "v4"], all.Snapshots.Select(snapshot => snapshot.Version));
        Assert.Equal(1, await BlobsAsync(host));
        Assert.Equal(200, (await LatestAsync(host, new LatestSnapshotRequest { WorldId = "w", Expand = true })).Covariance.Count);
    }

    [ConformanceFact]
    public async Task ADamagedBlob_IsNoticed_AndNothingGoesOnWithoutIt()
    {
        await using var host = await StartAsync();
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }).ResponseAsync.Within();
        await PublishAsync(host, Large(host, "v1"));
        await host.Database.WriteAsync(unit => unit.ExecuteAsync("UPDATE ws_risk_blobs SET content = @content", new { content = new byte[] { 1, 2, 3 } }));
        var refused = await WorldHost.RefusedAsync(() => LatestAsync(host, new LatestSnapshotRequest { WorldId = "w", Expand = true }));
        Assert.Equal(ReasonCodes.SnapshotBlobMissing, refused.Code);
        Assert.Contains("is damaged", refused.Detail, StringComparison.Ordinal);
    }

    [ConformanceFact]
    public async Task Publish_WithoutHeadersTokenOrRole_IsRefused()
    {
        await using var host = await StartAsync(("WorldService:RiskHub:Token", "secret"));
        await host.Client.CreateWorldAsync(new CreateWorldRequest { Id = "w" }, new Metadata { { "x-world-roles", "w:owner" } }).ResponseAsync.Within();
        var request = new PublishSnapshotRequest { WorldId = "w", Snapshot = Snapshot(host, "v1") };
        Task<ReasonCode> Refused(params (string Name, string Value)[] headers) => RefusedAsync(host, request, headers);
        var role = ("x-world-roles", "w:operator");
        Assert.Equal(ReasonCodes.PermissionDenied, await Refused(("x-world-roles", "w:reader"), ("x-actor", "a"), ("x-stage", "live"), ("authorization", "Bearer secret")));
        Assert.Equal(ReasonCodes.Auth, await Refused(role, ("x-actor", "a"), ("x-stage", "live")));
        Assert.Equal(ReasonCodes.Auth, await Refused(role, ("x-actor", "a"), ("x-stage", "live"), ("authorization", "Bearer secre")));
        Assert.Equal(ReasonCodes.MissingHeaders, await Refused(role, ("x-stage", "live"), ("authorization", "Bearer secret")));
        Assert.Equal(ReasonCodes.MissingHeaders, await Refused(role, ("x-actor", "a"), ("authorization", "Bearer secret")));
        var headers = new Metadata { { "x-world-roles", "w:operator" }, { "x-actor", "a" }, { "x-stage", "live" }, { "authorization", "bearer secret" } };
        Assert.Equal(ReasonCodes.Auth, await Refused(role, ("x-actor", "a"), ("x-stage", "live"), ("x-risk-hub-token", "secre"), ("authorization", "Bearer secret")));
        Assert.Equal("v1", (await host.Client.PublishRiskSnapshotAsync(request, headers).ResponseAsync.Within()).Version);
        Assert.Equal(["risk_snapshot_updated"], await host.EventsAsync("w", "risk"));
    }

    private static async Task<ReasonCode> RefusedAsync(WorldHost host, PublishSnapshotRequest request, (string Name, string Value)[] headers)
    {
        var metadata = new Metadata();
        foreach (var (name, value) in headers) metadata.Add(name, value);
        return (await WorldHost.RefusedAsync(() => host.Client.PublishRiskSnapshotAsync(request, metadata).ResponseAsync)).Code;
    }

    private static Task<long> BlobsAsync(WorldHost host) => host.Database.ScalarAsync<long>("SELECT COUNT(*) FROM ws_risk_blobs");

    private static RiskSnapshot Large(WorldHost host, string version)
    {
        var snapshot = Snapshot(host, version);
        for (var i = 0; i < 200; i++) snapshot.Covariance.Add($"s{i},s{i}", 0.04);
        snapshot.RealizedReturns = Value.ForStruct(new Struct { Fields = { ["a"] = Value.ForList([.. Enumerable.Range(0, 1_001).Select(i => Value.ForNumber(i * 1e-5))]) } });
        snapshot.Stress.Add("crash", new Struct());
        for (var i = 0; i < 101; i++) snapshot.Stress["crash"].Fields.Add($"m{i}", Value.ForNumber(i));
        return snapshot;
    }

    internal static RiskSnapshot Snapshot(WorldHost host, string version) => new()
    {
        Version = version,
        AsOf = Timestamp.FromDateTimeOffset(host.Clock.GetUtcNow()),
        Weights = { ["a"] = 0.6, ["b"] = 0.4 },
    };

    internal static Task<RiskSnapshot> PublishAsync(WorldHost host, RiskSnapshot snapshot, string actor = "risk-engine", string stage = "live") =>
        host.Client.PublishRiskSnapshotAsync(new PublishSnapshotRequest { WorldId = "w", Snapshot = snapshot }, new Metadata { { "x-actor", actor }, { "x-stage", stage } }).ResponseAsync.Within();

    private static Task<RiskSnapshot> LatestAsync(WorldHost host, LatestSnapshotRequest? request = null) =>
        host.Client.GetLatestRiskSnapshotAsync(request ?? new LatestSnapshotRequest { WorldId = "w" }).ResponseAsync.Within();
}

/// <summary>On the embedded database.</summary>
public sealed class SqliteRiskHubTests : RiskHubTests
{
    private protected override Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        WorldHost.StartAsync(settings.Append(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-ws-").FullName)).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}

/// <summary>On Postgres.</summary>
[Requires(Needs.Postgres)]
public sealed class PostgresRiskHubTests : RiskHubTests
{
    private protected override async Task<WorldHost> StartAsync(params (string Key, string Value)[] settings) =>
        await WorldHost.StartAsync(settings.Append(("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync())).ToDictionary(pair => pair.Item1, pair => (string?)pair.Item2, StringComparer.Ordinal));
}
