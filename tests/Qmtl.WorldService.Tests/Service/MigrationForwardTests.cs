using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.Storage;
using Qmtl.Storage.Migrations;
using Qmtl.Testing;
using Qmtl.V1;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>A database that any earlier version left behind, with a row in each of its tables, is brought up to date and keeps every value.</summary>
public abstract class MigrationForwardTests
{
    private static readonly MigrationSet Own = MigrationSet.FromAssembly("ws", typeof(WorldServiceExtensions).Assembly);

    private protected abstract Task<(string Key, string? Value)> PlaceAsync();

    [ConformanceFact]
    public async Task Migrate_FromEveryEarlierVersion_KeepsEveryRowAndServesIt()
    {
        for (var version = 1; version < Own.Migrations.Count; version++)
        {
            var place = await PlaceAsync();
            var before = await OldAsync(place, version);
            Assert.True(before.Count >= 10, $"version {version} filled {before.Count} tables");

            await using var host = await WorldHost.StartAsync(new Dictionary<string, string?>(StringComparer.Ordinal) { [place.Key] = place.Value });

            foreach (var (table, row) in before)
            {
                var now = (IDictionary<string, object?>)Assert.Single(await host.Database.QueryAsync<object>($"SELECT * FROM {table}").Within());
                Assert.All(row, cell => Assert.True(now.TryGetValue(cell.Key, out var value) && string.Equals(Text(value), Text(cell.Value), StringComparison.Ordinal), $"version {version}: {table}.{cell.Key}"));
            }

            Assert.Equal("x", (await host.Client.GetWorldAsync(new GetWorldRequest { WorldId = "x" }).ResponseAsync.Within()).Id);
        }
    }

    /// <summary>Makes the database as it was, with one row in each table.</summary>
    private static async Task<Dictionary<string, IDictionary<string, object?>>> OldAsync((string Key, string? Value) place, int version)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new(place.Key, place.Value)]);
        builder.AddQmtlStorage();
        builder.Services.AddSingleton(new MigrationSet(Own.Component, Own.Migrations.Take(version)));
        var host = builder.Build();
        await using var disposed = (IAsyncDisposable)host;
        await host.Services.GetRequiredService<IMigrator>().MigrateAsync().Within();
        var database = host.Services.GetRequiredService<IDatabase>();
        var open = new Queue<IGrouping<string, Column>>((await ColumnsAsync(database)).GroupBy(column => column.TableName, StringComparer.Ordinal));
        for (var tries = open.Count * open.Count; open.Count > 0; tries--)
        {
            var table = open.Dequeue();
            // A table whose parent has no row yet takes its turn again.
            if (!await TryFillAsync(database, table)) open.Enqueue(table);
            Assert.True(tries > 0, $"{table.Key} cannot be filled");
        }

        var rows = new Dictionary<string, IDictionary<string, object?>>(StringComparer.Ordinal);
        foreach (var name in (await ColumnsAsync(database)).Select(column => column.TableName).Distinct(StringComparer.Ordinal))
            rows[name] = (IDictionary<string, object?>)Assert.Single(await database.QueryAsync<object>($"SELECT * FROM {name}").Within());
        return rows;
    }

    private static async Task<bool> TryFillAsync(IDatabase database, IGrouping<string, Column> table)
    {
        var names = string.Join(", ", table.Select(column => $"\"{column.ColumnName}\""));
        var values = string.Join(", ", table.Select(column => Value(column, database.Dialect)));
        try
        {
            await database.WriteAsync(unit => unit.ExecuteAsync($"INSERT INTO {table.Key} ({names}) VALUES ({values})")).Within();
            return true;
        }
        catch (StorageException refused) when (refused.Failure == StorageFailure.ConstraintViolation)
        {
            return false;
        }
    }

    private static string Value(Column column, Dialect dialect) => (column.ColumnName, column.ColumnType.ToUpperInvariant()) switch
    {
        _ when column.Nullable => "NULL",
        ("labels", _) => "'[]'",
        ("state", _) => "'ACTIVE'",
        ("phase", _) => "'completed'",
        (_, "TEXT") => "'x'",
        (_, "BOOLEAN") => "TRUE",
        (_, "BYTEA" or "BLOB") => dialect.IsPostgres ? "'\\x00ff'" : "x'00ff'",
        _ => "1",
    };

    private static Task<IReadOnlyList<Column>> ColumnsAsync(IDatabase database) => database.QueryAsync<Column>(database.Dialect.IsPostgres
        ? "SELECT table_name::text AS TableName, column_name::text AS ColumnName, data_type::text AS ColumnType, is_nullable = 'YES' AS Nullable FROM information_schema.columns WHERE table_name LIKE 'ws\\_%' ORDER BY table_name"
        : "SELECT m.name AS TableName, c.name AS ColumnName, c.type AS ColumnType, c.\"notnull\" = 0 AS Nullable FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name LIKE 'ws\\_%' ESCAPE '\\' ORDER BY m.name");

    private static string? Text(object? value) => value is byte[] bytes ? Convert.ToHexString(bytes) : Convert.ToString(value, CultureInfo.InvariantCulture);

    private sealed record Column
    {
        public string TableName { get; init; } = "";

        public string ColumnName { get; init; } = "";

        public string ColumnType { get; init; } = "";

        public bool Nullable { get; init; }
    }
}

public sealed class SqliteMigrationForwardTests : MigrationForwardTests
{
    private protected override Task<(string Key, string? Value)> PlaceAsync() =>
        Task.FromResult<(string, string?)>(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-forward-").FullName));
}

[Requires(Needs.Postgres)]
public sealed class PostgresMigrationForwardTests : MigrationForwardTests
{
    private protected override async Task<(string Key, string? Value)> PlaceAsync() => ("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync());
}
