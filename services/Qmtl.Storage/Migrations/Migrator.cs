using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Qmtl.Storage.Migrations;

/// <summary>Brings the schema up to what the program expects.</summary>
public interface IMigrator
{
    /// <summary>Applies what is missing, in one transaction: all of it or nothing. Several processes may try at once.</summary>
    /// <exception cref="MigrationException">An applied migration was changed, or the database is newer than this program.</exception>
    Task MigrateAsync(CancellationToken cancellationToken = default);
}

/// <summary>Runs before any other hosted service starts, the web server included.</summary>
internal sealed partial class Migrator(IDatabase database, IEnumerable<MigrationSet> sets, ILogger<Migrator> logger) : IMigrator, IHostedLifecycleService
{
    public Task MigrateAsync(CancellationToken cancellationToken = default) =>
        database.WriteAsync(
            unit => ApplyAsync(unit, sets, versions: null, logger),
            cancellationToken);

    /// <summary>Applies what is missing, as far as <paramref name="versions"/> says; everything when it is null.</summary>
    public static async Task ApplyAsync(IUnitOfWork unit, IEnumerable<MigrationSet> sets, IReadOnlyDictionary<string, int>? versions, ILogger<Migrator> logger)
    {
        await unit.LockAsync("storage:migrations");
        await unit.ExecuteAsync(
            """
            CREATE TABLE IF NOT EXISTS storage_migration (
                component TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL,
                PRIMARY KEY (component, version))
            """);
        foreach (var set in sets.DistinctBy(set => set.Component, StringComparer.Ordinal)) await ApplyAsync(unit, set, versions?[set.Component] ?? int.MaxValue, logger);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => MigrateAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static async Task ApplyAsync(IUnitOfWork unit, MigrationSet set, int upTo, ILogger<Migrator> logger)
    {
        var applied = await unit.QueryAsync<AppliedRow>("SELECT version, name, checksum FROM storage_migration WHERE component = @Component ORDER BY version", new { set.Component });
        Check(set, applied);
        foreach (var migration in set.Migrations.Skip(applied.Count).TakeWhile(migration => migration.Version <= upTo))
        {
            await unit.ExecuteAsync(migration.SqlFor(unit.Dialect));
            await unit.ExecuteAsync(
                "INSERT INTO storage_migration (component, version, name, checksum, applied_at) VALUES (@Component, @Version, @Name, @Checksum, @Now)",
                new { set.Component, migration.Version, migration.Name, migration.Checksum, unit.Now });
            unit.OnCommitted(() => Log.Applied(logger, set.Component, migration.Version, migration.Name));
        }
    }

    private static void Check(MigrationSet set, IReadOnlyList<AppliedRow> applied)
    {
        if (applied.Count > set.Migrations.Count)
            throw new MigrationException($"The database has {set.Component} at version {applied.Count}, this program knows {set.Migrations.Count}: start a newer program, or restore an older database.");
        foreach (var (row, migration) in applied.Zip(set.Migrations))
        {
            if (row.Version != migration.Version || !string.Equals(row.Checksum, migration.Checksum, StringComparison.Ordinal))
                throw new MigrationException($"Migration {set.Component} {migration.Version:000} ({row.Name}) was changed after it was applied: put the file back and add a new one.");
        }
    }

    private sealed record AppliedRow
    {
        public int Version { get; init; }

        public string Name { get; init; } = "";

        public string Checksum { get; init; } = "";
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Applied migration {Component} {Version} ({Name})")]
        public static partial void Applied(ILogger logger, string component, int version, string name);
    }
}
