using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Qmtl.Storage.Audit;
using Qmtl.Storage.Backup;
using Qmtl.Storage.Retention;
using Qmtl.Testing;

namespace Qmtl.Storage.Tests;

/// <summary>A backup holds everything, says so, and comes back in either database.</summary>
public abstract class BackupTests
{
    private protected abstract Task<StorageFixture> OpenAsync();

    private protected abstract Task<Dictionary<string, string?>> EmptyPlaceAsync();

    [ConformanceFact]
    public async Task Restore_IntoEachDatabase_GivesTheSameStateAndAnIntactAudit()
    {
        await using var source = await FilledAsync();
        using var file = new MemoryStream();
        var taken = await source.Backup.BackupAsync(file).Within();
        foreach (var place in await PlacesAsync())
        {
            await using var target = StorageFixture.Empty(place);
            file.Position = 0;

            var restored = await target.Backup.RestoreAsync(file).Within();

            Assert.Equal((taken.StateHash, taken.Rows, taken.Tables), (restored.StateHash, restored.Rows, restored.Tables));
            Assert.Equal(taken.StateHash, (await target.Backup.DescribeAsync().Within()).StateHash);
            var verdict = await target.Audit.VerifyAsync("w1").Within();
            Assert.Equal((true, 2L), (verdict.Intact, verdict.Entries));
            Assert.Equal(0.1 + 0.2, await target.Database.ScalarAsync<double>("SELECT amount FROM test_item WHERE id = 'b' AND part = 2").Within());
            Assert.Equal([0, 255, 7], (await target.Database.ScalarAsync<byte[]>("SELECT body FROM test_item WHERE id = 'b' AND part = 1").Within())!);
            // Written to as if it had been there all along.
            await target.Database.WriteAsync(unit => unit.AuditAsync(new AuditEntry("ann", "later") { WorldId = "w1" }).AsTask()).Within();
            Assert.Equal(3, (await target.Audit.VerifyAsync("w1").Within()).Entries);
        }
    }

    [ConformanceFact]
    public async Task Restore_DatabaseWithRows_IsRefusedAndKeepsThem()
    {
        await using var source = await FilledAsync();
        using var file = new MemoryStream();
        await source.Backup.BackupAsync(file).Within();
        await using var target = await FilledAsync();
        var before = await target.Backup.DescribeAsync().Within();
        file.Position = 0;

        var refused = await Assert.ThrowsAsync<BackupException>(() => target.Backup.RestoreAsync(file).Within());

        Assert.Contains("not empty", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before.StateHash, (await target.Backup.DescribeAsync().Within()).StateHash);
    }

    [ConformanceFact]
    public async Task Restore_DamagedFile_LeavesNothingBehind()
    {
        await using var source = await FilledAsync();
        using var file = new MemoryStream();
        await source.Backup.BackupAsync(file).Within();
        var bytes = file.ToArray();
        await using var target = StorageFixture.Empty(await EmptyPlaceAsync());
        var random = new Random(7);
        for (var round = 0; round < 20; round++)
        {
            var changed = (byte[])bytes.Clone();
            changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
            if (round == 19) changed = bytes[..^40];
            await Assert.ThrowsAnyAsync<Exception>(() => target.Backup.RestoreAsync(new MemoryStream(changed)).Within());
        }

        file.Position = 0;
        await target.Backup.RestoreAsync(file).Within();
    }

    [ConformanceFact]
    public async Task VerifyFile_EveryFlippedByte_IsFound()
    {
        await using var source = await FilledAsync();
        using var file = new MemoryStream();
        var taken = await source.Backup.BackupAsync(file).Within();
        var bytes = file.ToArray();
        var verified = await BackupCheck.VerifyFileAsync(new MemoryStream(bytes)).Within();
        Assert.Equal((taken.StateHash, taken.Rows), (verified.StateHash, verified.Rows));
        for (var i = 0; i < bytes.Length; i++)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= (byte)(1 << (i % 8));
            var found = await Record.ExceptionAsync(() => BackupCheck.VerifyFileAsync(new MemoryStream(changed)).Within());
            Assert.True(found is BackupException, $"byte {i} of {bytes.Length}, '{(char)bytes[i]}': {found}");
        }
    }

    [ConformanceFact]
    public async Task Backup_SameContent_IsTheSameFromEitherDatabase()
    {
        await using var source = await FilledAsync();
        var lines = await LinesAsync(source);
        foreach (var place in await PlacesAsync())
        {
            await using var target = StorageFixture.Empty(place);
            await target.Backup.RestoreAsync(new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"))).Within();
            // The first line has the time and the database, the last line the checksum over it.
            Assert.Equal(lines[1..^1], (await LinesAsync(target))[1..^1]);
        }
    }

    [ConformanceFact]
    public async Task Retention_DryRunCounts_ApplyRemovesInPiecesAndIsAudited()
    {
        await using var fixture = await RetainingAsync();
        await fixture.Database.WriteAsync(async unit =>
        {
            for (var i = 0; i < 2_500; i++) await unit.ExecuteAsync("INSERT INTO test_item (id, part, at) VALUES ('old', @i, @at)", new { i, at = unit.Now.AddDays(-31) });
            await unit.ExecuteAsync("INSERT INTO test_item (id, part, at) VALUES ('young', 1, @at)", new { at = unit.Now.AddDays(-29) });
        }).Within();

        var counted = Assert.Single(await fixture.Retention.SweepAsync(apply: false, "ann").Within());
        Assert.Equal(("items", 30, 2_500L), (counted.Kind, counted.Days, counted.Rows));
        Assert.Equal(2_501, await fixture.Database.ScalarAsync<int>("SELECT COUNT(*) FROM test_item").Within());
        Assert.Equal(2_500, Assert.Single(await fixture.Retention.SweepAsync(apply: true, "ann").Within()).Rows);
        Assert.Equal(["young"], await fixture.Database.QueryAsync<string>("SELECT id FROM test_item").Within());
        Assert.Equal(0, Assert.Single(await fixture.Retention.SweepAsync(apply: true, "ann").Within()).Rows);

        var entry = Assert.Single((await fixture.Audit.QueryAsync(new AuditQuery()).Within()).Records).Entry;
        Assert.Equal(("ann", "retention_applied", """{"items":{"rows":2500}}"""), (entry.Actor, entry.Event, entry.Result));
    }

    [Fact]
    public void RetentionOptions_WrongKindOrDays_AreNamed()
    {
        RetentionRule[] rules = [new("items", "x", "test_item", "at < @cutoff")];
        Assert.Null(new RetentionOptions().Problem(rules));
        Assert.Contains("there are items", new RetentionOptions { Days = { ["item"] = 3 } }.Problem(rules), StringComparison.Ordinal);
        Assert.Contains("1 to 36500", new RetentionOptions { Days = { ["items"] = 0 } }.Problem(rules), StringComparison.Ordinal);
        Assert.Contains("Retention:Interval", new RetentionOptions { Interval = TimeSpan.Zero }.Problem(rules), StringComparison.Ordinal);
    }

    private protected static void Retain(Microsoft.Extensions.Hosting.IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton(new RetentionRule("items", "Old items.", "test_item", "at < @cutoff"));
        builder.Services.AddSingleton(new RetentionOptions { Days = { ["items"] = 30 } });
    }

    private protected abstract Task<StorageFixture> RetainingAsync();

    private async Task<StorageFixture> FilledAsync()
    {
        var fixture = await OpenAsync();
        await fixture.Database.WriteAsync(async unit =>
        {
            const string Insert = "INSERT INTO test_item (id, part, amount, active, at, body) VALUES (@id, @part, @amount, @active, @at, @body)";
            await unit.ExecuteAsync(Insert, new { id = "b", part = 1, amount = (double?)-0.0, active = (bool?)true, at = (DateTimeOffset?)unit.Now, body = new byte[] { 0, 255, 7 } });
            await unit.ExecuteAsync(Insert, new { id = "b", part = 2, amount = (double?)(0.1 + 0.2), active = (bool?)false, at = (DateTimeOffset?)null, body = (byte[]?)null });
            await unit.ExecuteAsync(Insert, new { id = "é\"\\\n", part = 1, amount = (double?)1e300, active = (bool?)null, at = (DateTimeOffset?)null, body = Array.Empty<byte>() });
            await unit.ExecuteAsync("INSERT INTO test_item (id, part) VALUES ('B', -1)");
            await unit.AuditAsync(new AuditEntry("ann", "made") { WorldId = "w1", Request = """{"a":"é"}""" });
            await unit.AuditAsync(new AuditEntry("bob", "ran") { WorldId = "w1" });
        }).Within();
        return fixture;
    }

    private static async Task<List<Dictionary<string, string?>>> PlacesAsync()
    {
        var places = new List<Dictionary<string, string?>> { new() { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-restore-").FullName } };
        if (Machine.WhyMissing(Needs.Postgres) is null) places.Add(new() { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync() });
        return places;
    }

    private static async Task<string[]> LinesAsync(StorageFixture fixture)
    {
        using var file = new MemoryStream();
        await fixture.Backup.BackupAsync(file).Within();
        return Encoding.UTF8.GetString(file.ToArray()).TrimEnd('\n').Split('\n');
    }
}

public sealed class SqliteBackupTests : BackupTests
{
    private protected override Task<StorageFixture> OpenAsync() => StorageFixture.SqliteAsync();

    private protected override Task<StorageFixture> RetainingAsync() => StorageFixture.SqliteAsync(configure: Retain);

    private protected override Task<Dictionary<string, string?>> EmptyPlaceAsync() =>
        Task.FromResult(new Dictionary<string, string?> { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-restore-").FullName });
}

[Requires(Needs.Postgres)]
public sealed class PostgresBackupTests : BackupTests
{
    private protected override Task<StorageFixture> OpenAsync() => StorageFixture.PostgresAsync();

    private protected override Task<StorageFixture> RetainingAsync() => StorageFixture.PostgresAsync(configure: Retain);

    private protected override async Task<Dictionary<string, string?>> EmptyPlaceAsync() => new() { ["ConnectionStrings:qmtl"] = await PostgresServer.CreateSharedDatabaseAsync() };
}
