using System.Globalization;
using System.Text;
using Qmtl.Identity;
using Qmtl.Storage.Audit;
using Qmtl.Testing;

namespace Qmtl.Storage.Tests;

/// <summary>Whatever is done to written entries behind the program's back, verifying finds it.</summary>
public abstract class AuditTamperTests : IAsyncLifetime
{
    private static readonly string[] TextColumns = ["scope", "world_id", "actor", "event", "stage", "correlation_id", "request", "result"];

    private StorageFixture _fixture = null!;

    private IDatabase Database => _fixture.Database;

    public async Task InitializeAsync()
    {
        _fixture = await OpenAsync();
        await WriteAsync(new AuditEntry("ann", "made") { WorldId = "w1", Request = """{"n":"é"}""" });
        await WriteAsync(new AuditEntry("bob", "run") { WorldId = "w1", Stage = "st", CorrelationId = "c-1", Result = "{}" });
        await WriteAsync(new AuditEntry("eve", "end") { WorldId = "w1", Stage = "", Request = "{}", Result = """{"ok":1}""" });
        await WriteAsync(new AuditEntry("ann", "made") { WorldId = "w2" });
        await Database.WriteAsync(unit => unit.ExecuteAsync(WithoutTriggers)).Within();
    }

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    private protected abstract Task<StorageFixture> OpenAsync();

    private protected abstract string WithoutTriggers { get; }

    [ConformanceFact]
    public async Task VerifyAsync_AnyByteOfAnyTextFlipped_IsFound()
    {
        var flips = 0;
        for (var seq = 1; seq <= 3; seq++)
        {
            foreach (var column in TextColumns)
            {
                if (await Database.ScalarAsync<string>($"SELECT {column} FROM audit_log WHERE scope = 'w1' AND seq = {seq}").Within() is not { } text) continue;
                var bytes = Encoding.UTF8.GetBytes(text);
                for (var i = 0; i < bytes.Length; i++)
                {
                    var changed = (byte[])bytes.Clone();
                    changed[i] ^= (byte)(1 << ((i + seq) % 7));
                    if (await TrySetAsync(column, seq, changed)) flips++;
                    else continue;
                    await AssertBrokenAsync(seq, $"{column} of {seq}, byte {i}");
                    await RestoreAsync(column, seq, bytes, changed);
                }
            }
        }

        // Text that is no UTF-8 is refused by Postgres before anything could find it.
        Assert.InRange(flips, 56, 58);
        Assert.True((await _fixture.Audit.VerifyAsync("w1").Within()).Intact);
    }

    [ConformanceFact]
    public async Task VerifyAsync_AnyByteOfAHashFlipped_IsFound()
    {
        foreach (var (table, column, seq) in new[] { ("audit_log", "prev_hash", 1), ("audit_log", "prev_hash", 3), ("audit_log", "hash", 1), ("audit_log", "hash", 3), ("audit_head", "hash", 3) })
        {
            var bytes = (await Database.ScalarAsync<byte[]>($"SELECT {column} FROM {table} WHERE scope = 'w1' AND seq = {seq}").Within())!;
            for (var i = 0; i < bytes.Length; i++)
            {
                var changed = (byte[])bytes.Clone();
                changed[i] ^= (byte)(1 << (i % 8));
                await ExecuteAsync($"UPDATE {table} SET {column} = @changed WHERE scope = 'w1' AND seq = {seq}", new { changed });
                await AssertBrokenAsync(table is "audit_head" ? 4 : seq, $"{table}.{column} of {seq}, byte {i}");
                await ExecuteAsync($"UPDATE {table} SET {column} = @bytes WHERE scope = 'w1' AND seq = {seq}", new { bytes });
            }
        }
    }

    [ConformanceFact]
    public async Task VerifyAsync_AnyBitOfANumberFlipped_IsFound()
    {
        foreach (var (table, column) in new[] { ("audit_log", "at"), ("audit_log", "seq"), ("audit_head", "seq") })
        {
            for (var bit = 0; bit < 64; bit++)
            {
                // The last entry: its place can move without taking another's.
                var before = await Database.ScalarAsync<long>($"SELECT {column} FROM {table} WHERE scope = 'w1' AND hash = (SELECT hash FROM audit_head WHERE scope = 'w1')").Within();
                var after = before ^ (1L << bit);
                if (column is "seq" && after is 1 or 2) continue;
                await ExecuteAsync($"UPDATE {table} SET {column} = @after WHERE scope = 'w1' AND {column} = @before", new { before, after });
                Assert.False((await _fixture.Audit.VerifyAsync("w1").Within()).Intact, $"{table}.{column}, bit {bit}");
                await ExecuteAsync($"UPDATE {table} SET {column} = @before WHERE scope = 'w1' AND {column} = @after", new { before, after });
            }
        }

        Assert.True((await _fixture.Audit.VerifyAsync("w1").Within()).Intact);
    }

    [ConformanceFact]
    public async Task VerifyAsync_AbsentBecomesEmpty_IsFound()
    {
        await ExecuteAsync("UPDATE audit_log SET stage = '' WHERE scope = 'w1' AND seq = 1", null);
        await AssertBrokenAsync(1, "null to empty");
        await ExecuteAsync("UPDATE audit_log SET stage = NULL WHERE scope = 'w1' AND seq = 1", null);
        await ExecuteAsync("UPDATE audit_log SET stage = NULL WHERE scope = 'w1' AND seq = 3", null);
        await AssertBrokenAsync(3, "empty to null");
    }

    [ConformanceFact]
    public async Task VerifyAsync_EntriesSwapped_IsFound()
    {
        foreach (var (from, to) in new[] { (2, 9), (3, 2), (9, 3) }) await ExecuteAsync($"UPDATE audit_log SET seq = {to} WHERE scope = 'w1' AND seq = {from}", null);
        await AssertBrokenAsync(2, "swapped");
    }

    [ConformanceFact]
    public async Task VerifyAsync_EntryInsertedAtTheEnd_IsFound()
    {
        await ExecuteAsync(
            """
            INSERT INTO audit_log (scope, seq, at, world_id, actor, event, stage, correlation_id, request, result, prev_hash, hash)
            SELECT scope, 4, at, world_id, actor, event, stage, correlation_id, request, result, hash, hash FROM audit_log WHERE scope = 'w1' AND seq = 3
            """,
            null);
        await AssertBrokenAsync(4, "inserted");
    }

    [ConformanceFact]
    public async Task VerifyAsync_WellFormedEntryInsertedBehindTheHead_IsFound()
    {
        var verdict = await _fixture.Audit.VerifyAsync("w1").Within();
        var previous = Convert.FromHexString(verdict.HeadHash);
        var hash = AuditChain.Hash(4, 7, [.. new[] { "w1", "eve", "forged" }.Select(Encoding.UTF8.GetBytes), null, null, null, null], previous);
        await ExecuteAsync("INSERT INTO audit_log (scope, seq, at, world_id, actor, event, prev_hash, hash) VALUES ('w1', 4, 7, 'w1', 'eve', 'forged', @previous, @hash)", new { previous, hash });
        Assert.Contains("recorded head", (await _fixture.Audit.VerifyAsync("w1").Within()).Reason, StringComparison.Ordinal);
    }

    [ConformanceFact]
    public async Task VerifyAsync_HeadRemoved_IsFound()
    {
        await ExecuteAsync("DELETE FROM audit_head WHERE scope = 'w1'", null);
        Assert.False((await _fixture.Audit.VerifyAsync("w1").Within()).Intact);
    }

    [ConformanceFact]
    public async Task VerifyAsync_TailCutAndHeadMovedBack_IsFoundByTheAnchor()
    {
        var anchor = new AuditAnchor(3, (await _fixture.Audit.VerifyAsync("w1").Within()).HeadHash);
        Assert.True((await _fixture.Audit.VerifyAsync("w1", anchor).Within()).Intact);

        await ExecuteAsync("DELETE FROM audit_log WHERE scope = 'w1' AND seq = 3", null);
        await ExecuteAsync("UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_log WHERE scope = 'w1' AND seq = 2) WHERE scope = 'w1'", null);

        Assert.True((await _fixture.Audit.VerifyAsync("w1").Within()).Intact);
        var verdict = await _fixture.Audit.VerifyAsync("w1", anchor).Within();
        Assert.Equal((2, 3), (verdict.Entries, verdict.BrokenAt));
        await WriteAsync(new AuditEntry("eve", "instead") { WorldId = "w1" });
        Assert.Contains("rewritten", (await _fixture.Audit.VerifyAsync("w1", anchor).Within()).Reason, StringComparison.Ordinal);
    }

    [ConformanceFact]
    public async Task ChainsAsync_NamesEveryChain()
    {
        await WriteAsync(new AuditEntry("ann", "started"));
        await ExecuteAsync("DELETE FROM audit_head WHERE scope = 'w2'", null);
        Assert.Equal([null, "w1", "w2"], await _fixture.Audit.ChainsAsync().Within());
    }

    private async Task AssertBrokenAsync(long at, string what)
    {
        var verdict = await _fixture.Audit.VerifyAsync("w1").Within();
        Assert.True(verdict.BrokenAt == at, string.Create(CultureInfo.InvariantCulture, $"{what}: broken at {verdict.BrokenAt}, {verdict.Reason}"));
    }

    private async Task<bool> TrySetAsync(string column, int seq, byte[] bytes)
    {
        try
        {
            await ExecuteAsync($"UPDATE audit_log SET {column} = {AsText} WHERE scope = 'w1' AND seq = {seq}", new { bytes });
            return true;
        }
        catch (StorageException) when (Database.Dialect.IsPostgres)
        {
            return false;
        }
    }

    private Task<int> RestoreAsync(string column, int seq, byte[] bytes, byte[] changed)
    {
        var scope = column is "scope" ? changed : "w1"u8.ToArray();
        return ExecuteAsync($"UPDATE audit_log SET {column} = {AsText} WHERE scope = {AsText.Replace("@bytes", "@scope", StringComparison.Ordinal)} AND seq = {seq}", new { bytes, scope });
    }

    private string AsText => Database.Dialect.IsPostgres ? "convert_from(@bytes, 'UTF8')" : "CAST(@bytes AS TEXT)";

    private Task WriteAsync(AuditEntry entry) => Database.WriteAsync(unit => unit.AuditAsync(entry).AsTask()).Within();

    private Task<int> ExecuteAsync(string sql, object? parameters) => Database.WriteAsync(unit => unit.ExecuteAsync(sql, parameters)).Within();
}

public sealed class SqliteAuditTamperTests : AuditTamperTests
{
    private protected override string WithoutTriggers => "DROP TRIGGER audit_log_no_update; DROP TRIGGER audit_log_no_delete; ";

    private protected override Task<StorageFixture> OpenAsync() => StorageFixture.SqliteAsync();
}

[Requires(Needs.Postgres)]
public sealed class PostgresAuditTamperTests : AuditTamperTests
{
    private protected override string WithoutTriggers => "DROP TRIGGER audit_log_append_only ON audit_log; ";

    private protected override Task<StorageFixture> OpenAsync() => StorageFixture.PostgresAsync();
}
