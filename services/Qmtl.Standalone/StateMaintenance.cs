using Qmtl.Messaging;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Storage.Backup;
using Qmtl.Storage.Migrations;
using Qmtl.Storage.Retention;
using Qmtl.WorldService.Audit;

namespace Qmtl.Standalone;

/// <summary>Work on the state of a stack from outside of it: backup, restore, verification and retention, without starting any service.</summary>
public sealed class StateMaintenance : IAsyncDisposable
{
    private readonly IHost _host;

    private StateMaintenance(IHost host) => _host = host;

    /// <summary>Opens the state of an embedded stack.</summary>
    /// <param name="stateDirectory">Its folder; made when it is missing.</param>
    public static StateMaintenance OpenFolder(string stateDirectory) => Open($"{StorageOptions.Section}:{nameof(StorageOptions.Directory)}", Path.GetFullPath(stateDirectory));

    /// <summary>Opens a Postgres database.</summary>
    /// <param name="connectionString">It names a host.</param>
    public static StateMaintenance OpenPostgres(string connectionString) => Open($"ConnectionStrings:{StorageExtensions.ConnectionName}", connectionString);

    /// <summary>Whether the database is there and was ever used by a stack.</summary>
    public async Task<bool> IsThereAsync(CancellationToken cancellationToken = default)
    {
        var database = Get<IDatabase>();
        var sql = database.Dialect.IsPostgres
            ? "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'storage_migration'"
            : "SELECT COUNT(*) FROM sqlite_master WHERE name = 'storage_migration'";
        return await database.ScalarAsync<int>(sql, null, cancellationToken) > 0;
    }

    /// <inheritdoc cref="IDatabaseBackup.BackupAsync"/>
    public Task<BackupSummary> BackupAsync(Stream output, CancellationToken cancellationToken = default) => Get<IDatabaseBackup>().BackupAsync(output, cancellationToken);

    /// <inheritdoc cref="IDatabaseBackup.RestoreAsync"/>
    public Task<BackupSummary> RestoreAsync(Stream input, CancellationToken cancellationToken = default) => Get<IDatabaseBackup>().RestoreAsync(input, cancellationToken);

    /// <summary>What the database holds.</summary>
    public Task<BackupSummary> DescribeAsync(CancellationToken cancellationToken = default) => Get<IDatabaseBackup>().DescribeAsync(cancellationToken);

    /// <summary>Verifies the audit chain of every world.</summary>
    /// <returns>World (empty for what concerns none) and whether its chain is whole.</returns>
    public async Task<IReadOnlyList<(string World, AuditVerdict Verdict)>> VerifyAuditAsync(CancellationToken cancellationToken = default)
    {
        var log = Get<IAuditLog>();
        var verdicts = new List<(string World, AuditVerdict Verdict)>();
        foreach (var world in await log.ChainsAsync(cancellationToken)) verdicts.Add((world ?? "", await log.VerifyAsync(world, anchor: null, cancellationToken)));
        return verdicts;
    }

    /// <inheritdoc cref="IRetention.SweepAsync"/>
    public async Task<IReadOnlyList<RetentionResult>> SweepAsync(bool apply, string actor, CancellationToken cancellationToken = default)
    {
        await Get<IMigrator>().MigrateAsync(cancellationToken);
        return await Get<IRetention>().SweepAsync(apply, actor, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
    }

    private static StateMaintenance Open(string key, string value) => Open(new Dictionary<string, string?>(StringComparer.Ordinal) { [key] = value });

    internal static StateMaintenance Open(IReadOnlyDictionary<string, string?> settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddQmtlMessaging();
        // Every component of a stack: a restore needs all of their schemas.
        builder.AddQmtlMigrations("ws", typeof(WorldServiceExtensions).Assembly);
        builder.AddQmtlMigrations("dm", typeof(DagManagerExtensions).Assembly);
        builder.AddQmtlMigrations("gw", typeof(GatewayExtensions).Assembly);
        builder.Services.AddWorldRetention();
        return new StateMaintenance(builder.Build());
    }

    internal T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();
}
