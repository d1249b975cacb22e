using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.Storage.Migrations;
using Qmtl.Testing;

namespace Qmtl.Storage.Tests;

/// <summary>Schemas move forward, once, and nothing else.</summary>
public abstract class MigrationTests
{
    private static readonly Migration First = new(1, "first", "CREATE TABLE mt_a (id INTEGER);");
    private static readonly Migration Second = new(2, "second", "CREATE TABLE mt_b (id INTEGER);");

    [ConformanceFact]
    public async Task MigrateAsync_Again_AppliesOnlyWhatIsNew()
    {
        var place = await PlaceAsync();
        await using (await OpenAsync(place, First))
        {
        }

        await using var fixture = await OpenAsync(place, First, Second);

        Assert.Equal([1, 2], await fixture.Database.QueryAsync<int>("SELECT version FROM storage_migration WHERE component = 'mt' ORDER BY version").Within());
        Assert.Equal(0, await fixture.Database.ScalarAsync<int>("SELECT COUNT(*) FROM mt_b").Within());
    }

    [ConformanceFact]
    public async Task MigrateAsync_ChangedAfterItWasApplied_IsRefusedByName()
    {
        var place = await PlaceAsync();
        await using (await OpenAsync(place, First))
        {
        }

        var error = await Assert.ThrowsAsync<MigrationException>(() => OpenAsync(place, First with { Text = "CREATE TABLE mt_a (id TEXT);" }));

        Assert.Contains("mt 001 (first)", error.Message, StringComparison.Ordinal);
        await using var same = await OpenAsync(place, First);
    }

    [ConformanceFact]
    public async Task MigrateAsync_DatabaseNewerThanTheProgram_IsRefused()
    {
        var place = await PlaceAsync();
        await using (await OpenAsync(place, First, Second))
        {
        }

        await Assert.ThrowsAsync<MigrationException>(() => OpenAsync(place, First));
    }

    [ConformanceFact]
    public async Task MigrateAsync_StepFails_LeavesNothingOfTheOthers()
    {
        var place = await PlaceAsync();
        await Assert.ThrowsAsync<StorageException>(() => OpenAsync(place, First, new Migration(2, "broken", "CREATE TABEL mt_b (id INTEGER);")));

        // The first step was rolled back with the second: it can be applied anew.
        await using var fixture = await OpenAsync(place, First, Second);
        Assert.Equal(0, await fixture.Database.ScalarAsync<int>("SELECT COUNT(*) FROM mt_a").Within());
    }

    [ConformanceFact]
    public async Task MigrateAsync_SeveralProcessesAtOnce_ApplyEachStepOnce()
    {
        var place = await PlaceAsync();

        var fixtures = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => OpenAsync(place, First, Second)))).Within(60);

        Assert.Equal(2, await fixtures[0].Database.ScalarAsync<int>("SELECT COUNT(*) FROM storage_migration WHERE component = 'mt'").Within());
        foreach (var fixture in fixtures) await fixture.DisposeAsync();
    }

    [ConformanceFact]
    public async Task MigrateAsync_Sections_RunOnTheirDatabaseOnly()
    {
        await using var fixture = await OpenAsync(await PlaceAsync(), new Migration(1, "sections",
            "CREATE TABLE mt_c (name TEXT);\n-- sqlite:\nINSERT INTO mt_c VALUES ('sqlite');\n-- postgres:\nINSERT INTO mt_c VALUES ('postgres');\n-- both:\nINSERT INTO mt_c VALUES ('both');"));

        Assert.Equal([fixture.Database.Dialect.Name, "both"], await fixture.Database.QueryAsync<string>("SELECT name FROM mt_c").Within());
    }

    private protected abstract Task<string> PlaceAsync();

    private protected abstract Task<StorageFixture> OpenAsync(string place, Action<IHostApplicationBuilder> configure);

    private Task<StorageFixture> OpenAsync(string place, params Migration[] migrations) =>
        OpenAsync(place, builder => builder.Services.AddSingleton(new MigrationSet("mt", migrations)));
}

public sealed class SqliteMigrationTests : MigrationTests
{
    private protected override Task<string> PlaceAsync() => Task.FromResult(Directory.CreateTempSubdirectory("qmtl-migrations-").FullName);

    private protected override Task<StorageFixture> OpenAsync(string place, Action<IHostApplicationBuilder> configure) => StorageFixture.SqliteAsync(place, configure);
}

[Requires(Needs.Postgres)]
public sealed class PostgresMigrationTests : MigrationTests
{
    private protected override Task<string> PlaceAsync() => PostgresServer.CreateSharedDatabaseAsync();

    private protected override Task<StorageFixture> OpenAsync(string place, Action<IHostApplicationBuilder> configure) => StorageFixture.PostgresAsync(place, configure);
}

public sealed class MigrationSetTests
{
    [Fact]
    public void MigrationSet_GapInTheNumbers_IsRefused() =>
        Assert.Throws<ArgumentException>(() => new MigrationSet("x", [new Migration(1, "a", ""), new Migration(3, "c", "")]));

    [Fact]
    public void Checksum_OtherLineEnds_IsTheSame() =>
        Assert.Equal(new Migration(1, "a", "A\nB").Checksum, new Migration(1, "a", "A\r\nB").Checksum);
}
