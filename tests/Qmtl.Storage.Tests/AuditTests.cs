using Qmtl.Storage.Audit;
using Qmtl.Testing;

namespace Qmtl.Storage.Tests;

/// <summary>The audit promises the same on both databases.</summary>
public abstract class AuditTests : IAsyncLifetime
{
    private StorageFixture _fixture = null!;

    private IDatabase Database => _fixture.Database;

    public async Task InitializeAsync() => _fixture = await OpenAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    private protected abstract Task<StorageFixture> OpenAsync();

    /// <summary>SQL that lets a test do what nobody may: change written entries.</summary>
    private protected abstract string WithoutTriggers { get; }

    [ConformanceFact]
    public async Task AuditAsync_Entries_FormAnIntactChainPerWorld()
    {
        await WriteAsync("w1", "created");
        await WriteAsync("w2", "created");
        await WriteAsync("w1", "policy_uploaded");
        await WriteAsync(null, "started");

        foreach (var (world, entries) in new[] { ("w1", 2), ("w2", 1), (null, 1), ("unknown", 0) })
        {
            var verdict = await _fixture.Audit.VerifyAsync(world).Within();
            Assert.True(verdict.Intact, verdict.Reason);
            Assert.Equal(entries, verdict.Entries);
        }
    }

    [ConformanceFact]
    public async Task AuditAsync_UnitFails_WritesNoEntry()
    {
        await Assert.ThrowsAsync<FormatException>(() => Database.WriteAsync(async unit =>
        {
            await unit.AuditAsync(new AuditEntry("ann", "created") { WorldId = "w1" });
            throw new FormatException("no");
        }).Within());

        Assert.Empty((await _fixture.Audit.QueryAsync(new AuditQuery { WorldId = "w1" }).Within()).Records);
    }

    [ConformanceFact]
    public async Task AuditAsync_ManyWritersToTheSameWorlds_KeepEveryChainWhole()
    {
        await Task.WhenAll(Enumerable.Range(0, 40).Select(n => Database.WriteAsync(async unit =>
        {
            // In both orders: whoever locks by order of arrival would deadlock here.
            string[] worlds = n % 2 == 0 ? ["w1", "w2"] : ["w2", "w1"];
            foreach (var world in worlds) await unit.AuditAsync(new AuditEntry("ann", "changed") { WorldId = world });
        }))).Within(60);

        foreach (var world in (string[])["w1", "w2"])
            Assert.Equal(new AuditVerdict(40, null, null, (await _fixture.Audit.VerifyAsync(world)).HeadHash), await _fixture.Audit.VerifyAsync(world).Within());
    }

    [ConformanceFact]
    public async Task VerifyAsync_ChangedEntry_NamesIt()
    {
        for (var n = 0; n < 5; n++) await WriteAsync("w1", "changed");

        await TamperAsync("UPDATE audit_log SET actor = 'eve' WHERE scope = 'w1' AND seq = 3");

        var verdict = await _fixture.Audit.VerifyAsync("w1").Within();
        Assert.Equal(3, verdict.BrokenAt);
        Assert.Contains("changed", verdict.Reason, StringComparison.Ordinal);
    }

    [ConformanceFact]
    public async Task VerifyAsync_RemovedEntry_NamesIt()
    {
        for (var n = 0; n < 5; n++) await WriteAsync("w1", "changed");

        await TamperAsync("DELETE FROM audit_log WHERE scope = 'w1' AND seq = 2");

        Assert.Equal(2, (await _fixture.Audit.VerifyAsync("w1").Within()).BrokenAt);
    }

    [ConformanceFact]
    public async Task VerifyAsync_RemovedTail_IsFound()
    {
        for (var n = 0; n < 5; n++) await WriteAsync("w1", "changed");

        await TamperAsync("DELETE FROM audit_log WHERE scope = 'w1' AND seq >= 4");

        Assert.Equal(4, (await _fixture.Audit.VerifyAsync("w1").Within()).BrokenAt);
    }

    [ConformanceFact]
    public async Task AuditLog_UpdateOrDelete_IsRefusedByTheDatabase()
    {
        await WriteAsync("w1", "created");

        foreach (var sql in (string[])["UPDATE audit_log SET actor = 'eve'", "DELETE FROM audit_log"])
        {
            var error = await Assert.ThrowsAsync<StorageException>(() => Database.WriteAsync(unit => unit.ExecuteAsync(sql)).Within());
            Assert.Contains("append-only", error.Message, StringComparison.Ordinal);
        }
    }

    [ConformanceFact]
    public async Task QueryAsync_Pages_CoverEveryEntryOnceInBothDirections()
    {
        for (var n = 0; n < 7; n++) await WriteAsync("w1", n % 2 == 0 ? "even" : "odd");

        Assert.Equal([7, 6, 5, 4, 3, 2, 1], await PagesAsync(new AuditQuery { WorldId = "w1", Limit = 3 }));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], await PagesAsync(new AuditQuery { WorldId = "w1", Limit = 3, Ascending = true }));
        Assert.Equal([6, 4, 2], await PagesAsync(new AuditQuery { WorldId = "w1", Limit = 2, Event = "odd" }));
    }

    [ConformanceFact]
    public async Task QueryAsync_Record_CarriesEveryField()
    {
        var entry = new AuditEntry("ann", "apply_stage") { WorldId = "w1", Stage = "freeze", CorrelationId = "c-1", Request = """{"run":"r"}""", Result = "{}" };
        await Database.WriteAsync(unit => unit.AuditAsync(entry).AsTask()).Within();

        var record = Assert.Single((await _fixture.Audit.QueryAsync(new AuditQuery { WorldId = "w1", CorrelationId = "c-1" }).Within()).Records);

        Assert.Equal(entry, record.Entry);
        Assert.Equal("w1:1", record.Id);
        Assert.Equal(64, record.Hash.Length);
    }

    private async Task<List<long>> PagesAsync(AuditQuery query)
    {
        var seen = new List<long>();
        for (var page = await _fixture.Audit.QueryAsync(query).Within(); ; page = await _fixture.Audit.QueryAsync(query with { Cursor = page.NextCursor }).Within())
        {
            seen.AddRange(page.Records.Select(record => record.Sequence));
            if (page.NextCursor is null) return seen;
        }
    }

    private Task WriteAsync(string? world, string what) => Database.WriteAsync(unit => unit.AuditAsync(new AuditEntry("ann", what) { WorldId = world }).AsTask()).Within();

    private Task<int> TamperAsync(string sql) => Database.WriteAsync(unit => unit.ExecuteAsync(WithoutTriggers + sql)).Within();
}
