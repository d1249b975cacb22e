using System.Buffers;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.Logging;
using Qmtl.Storage.Audit;
using Qmtl.Storage.Migrations;

namespace Qmtl.Storage.Backup;

/// <summary>Takes everything out of a database, and puts it into another one of either kind.</summary>
public interface IDatabaseBackup
{
    /// <summary>Writes one consistent snapshot of all tables; the database may be in use meanwhile.</summary>
    Task<BackupSummary> BackupAsync(Stream output, CancellationToken cancellationToken = default);

    /// <summary>Fills an empty database: all of the backup or nothing of it. Schemas older than this program's are brought up to date afterwards.</summary>
    /// <exception cref="BackupException">The file is damaged, the database is not empty, or what was restored does not prove to be what was backed up.</exception>
    Task<BackupSummary> RestoreAsync(Stream input, CancellationToken cancellationToken = default);

    /// <summary>What the database holds, as a backup taken now would say.</summary>
    Task<BackupSummary> DescribeAsync(CancellationToken cancellationToken = default);
}

/// <summary>Backups over SQL that both databases speak.</summary>
internal sealed class DatabaseBackup(IDatabase database, IEnumerable<MigrationSet> sets, TimeProvider clock, ILogger<Migrator> logger) : IDatabaseBackup
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.General);

    public Task<BackupSummary> BackupAsync(Stream output, CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => WriteAsync(session, output, cancellationToken), cancellationToken);

    public Task<BackupSummary> DescribeAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => WriteAsync(session, Stream.Null, cancellationToken), cancellationToken);

    public Task<BackupSummary> RestoreAsync(Stream input, CancellationToken cancellationToken = default) =>
        database.WriteAsync(unit => RestoreAsync(unit, input, cancellationToken), cancellationToken);

    private async Task<BackupSummary> WriteAsync(ISession session, Stream output, CancellationToken cancellationToken)
    {
        using var writer = new BackupWriter(output);
        using var state = new StateHasher();
        var head = new BackupHead(BackupHead.CurrentFormat, clock.GetUtcNow(), session.Dialect.Name, await SchemaAsync(session));
        await writer.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(head, Json), cancellationToken);
        var line = new ArrayBufferWriter<byte>();
        foreach (var table in await TableCatalog.ReadAsync(session))
        {
            var title = JsonSerializer.SerializeToUtf8Bytes(new BackupTable(table.Name, [.. table.Columns.Select(column => column.Name)]), Json);
            state.Table(title);
            await writer.WriteAsync(title, cancellationToken);
            await foreach (var row in TableReader.RowsAsync(session, table))
            {
                line.ResetWrittenCount();
                RowLines.Write(line, table, row);
                state.Row(line.WrittenSpan);
                await writer.WriteAsync(line.WrittenMemory, cancellationToken);
            }
        }

        var end = new BackupEnd(state.Tables, state.Rows, state.Hex(), writer.Checksum());
        await writer.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(end, Json), cancellationToken);
        await output.FlushAsync(cancellationToken);
        return new BackupSummary(head.CreatedAt, head.Dialect, head.Versions(), state.Tables, state.Rows, end.StateHash);
    }

    private async Task<BackupSummary> RestoreAsync(IUnitOfWork unit, Stream input, CancellationToken cancellationToken)
    {
        await using var reader = new BackupReader(input, cancellationToken);
        var head = await reader.HeadAsync();
        await RequireEmptyAsync(unit);
        // The schema as it was, so that rows fit; what has changed since is then applied to them, as it was to the original.
        await Migrator.ApplyAsync(unit, Checked(head), head.Versions(), logger);
        var tables = (await TableCatalog.ReadAsync(unit)).ToDictionary(table => table.Name, StringComparer.Ordinal);
        // Rows that a schema begins with stand in the backup too, as far as they had come by then.
        foreach (var table in tables.Keys)
        {
            if (await HasRowsAsync(unit, table)) await unit.ExecuteAsync($"DELETE FROM {TableReader.Quote(table)}");
        }

        await foreach (var (title, row) in reader.RowsAsync()) await InsertAsync(unit, TableOf(tables, title), row);
        var summary = reader.Summary(head);

        var restored = await WriteAsync(unit, Stream.Null, cancellationToken);
        if (!string.Equals(restored.StateHash, summary.StateHash, StringComparison.Ordinal)) throw new BackupException("What was restored is not what was backed up; nothing was kept.");
        await RequireAuditAsync(unit, cancellationToken);
        await Migrator.ApplyAsync(unit, sets, versions: null, logger);
        return summary;
    }

    private static TableShape TableOf(Dictionary<string, TableShape> tables, BackupTable title)
    {
        var table = tables.GetValueOrDefault(title.Table) ?? throw new BackupException($"The backup holds the table {title.Table}, which its schema does not have.");
        return table.Columns.Select(column => column.Name).SequenceEqual(title.Columns, StringComparer.Ordinal) ? table : throw new BackupException($"The columns of {title.Table} are not those of its schema.");
    }

    private static Task<int> InsertAsync(IUnitOfWork unit, TableShape table, JsonElement row)
    {
        var values = new DynamicParameters();
        foreach (var (value, i) in RowLines.Read(table, row).Select((value, i) => (value, i))) values.Add($"v{i}", value);
        var columns = string.Join(", ", table.Columns.Select(column => TableReader.Quote(column.Name)));
        return unit.ExecuteAsync($"INSERT INTO {TableReader.Quote(table.Name)} ({columns}) VALUES ({string.Join(", ", table.Columns.Select((_, i) => $"@v{i}"))})", values);
    }

    /// <summary>The migrations of this program, as far as the backup's schema knows them and agrees with them.</summary>
    private IEnumerable<MigrationSet> Checked(BackupHead head)
    {
        var known = sets.DistinctBy(set => set.Component, StringComparer.Ordinal).ToDictionary(set => set.Component, StringComparer.Ordinal);
        foreach (var step in head.Schema)
        {
            if (!known.TryGetValue(step.Component, out var set)) throw new BackupException($"The backup holds {step.Component}, which this program does not have.");
            if (step.Version > set.Migrations.Count) throw new BackupException($"The backup has {step.Component} at version {step.Version}, this program knows {set.Migrations.Count}: restore it with a newer program.");
            if (!string.Equals(set.Migrations[step.Version - 1].Checksum, step.Checksum, StringComparison.Ordinal)) throw new BackupException($"Migration {step.Component} {step.Version:000} of the backup is not the one this program has.");
        }

        return known.Values.Where(set => head.Schema.Any(step => string.Equals(step.Component, set.Component, StringComparison.Ordinal)));
    }

    private static async Task RequireEmptyAsync(IUnitOfWork unit)
    {
        foreach (var table in await TableCatalog.ReadAsync(unit))
        {
            if (await HasRowsAsync(unit, table.Name))
                throw new BackupException($"The database is not empty: {table.Name} has rows. Restore into a new folder or a new database.");
        }

        // Empty tables of a newer schema would stand in the way of the older one.
        if ((await TableCatalog.ReadAsync(unit)).Count > 0) throw new BackupException("The database has tables already, though no rows. Restore into a new folder or a new database.");
    }

    private static async Task<bool> HasRowsAsync(IUnitOfWork unit, string table) => await unit.ScalarAsync<long>($"SELECT COUNT(*) FROM {TableReader.Quote(table)}") > 0;

    private static async Task RequireAuditAsync(IUnitOfWork unit, CancellationToken cancellationToken)
    {
        foreach (var scope in await unit.QueryAsync<string>("SELECT scope FROM audit_head UNION SELECT DISTINCT scope FROM audit_log"))
        {
            var verdict = await AuditLog.VerifyAsync(unit, scope, anchor: null, cancellationToken);
            if (!verdict.Intact) throw new BackupException($"The audit of '{scope}' was broken at {verdict.BrokenAt} when it was backed up: {verdict.Reason}");
        }
    }

    private static async Task<IReadOnlyList<BackupMigration>> SchemaAsync(ISession session)
    {
        var rows = await session.QueryAsync<SchemaRow>($"SELECT component, version, checksum FROM {TableCatalog.Migrations} ORDER BY component {session.Dialect.Ordinal}, version");
        return [.. rows.Select(row => new BackupMigration(row.Component, row.Version, row.Checksum))];
    }

    private sealed record SchemaRow
    {
        public string Component { get; init; } = "";

        public int Version { get; init; }

        public string Checksum { get; init; } = "";
    }
}
