using System.Reflection;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Qmtl.Storage.Audit;
using Qmtl.Storage.Backup;
using Qmtl.Storage.Migrations;
using Qmtl.Storage.Outbox;
using Qmtl.Storage.Postgres;
using Qmtl.Storage.Retention;
using Qmtl.Storage.Sqlite;

namespace Qmtl.Storage;

/// <summary>Puts the database into a host.</summary>
public static class StorageExtensions
{
    /// <summary>The name of the connection string.</summary>
    public const string ConnectionName = "qmtl";

    /// <summary>
    /// Adds <see cref="IDatabase"/>, <see cref="IAuditLog"/>, <see cref="IMigrator"/>, <see cref="IDatabaseBackup"/> and <see cref="IRetention"/>. The connection string <c>qmtl</c> decides: one that names a host is
    /// Postgres, <c>Data Source=file</c> is SQLite; without any it is SQLite in the folder <c>Storage:Directory</c>. Calling it again changes nothing.
    /// </summary>
    public static IHostApplicationBuilder AddQmtlStorage(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(IDatabase))) return builder;
        var options = builder.Configuration.GetSection(StorageOptions.Section).Get<StorageOptions>() ?? new StorageOptions();
        var connectionString = builder.Configuration.GetConnectionString(ConnectionName);
        builder.Services.AddSingleton(options);
        builder.Services.TryAddSingleton(TimeProvider.System);
        if (SqliteFile(connectionString, options) is { } file)
        {
            builder.Services.AddSingleton<IDatabase>(services => new SqliteDatabase(
                file, options, services.GetService<IOutbox>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<SqliteDatabase>>()));
        }
        else
        {
            // It brings traces and metrics; the health check below is the same for both databases.
            builder.AddNpgsqlDataSource(ConnectionName, settings => settings.DisableHealthChecks = true);
            builder.Services.AddSingleton<IDatabase>(services => new PostgresDatabase(
                services.GetRequiredService<NpgsqlDataSource>(), options, services.GetService<IOutbox>(), services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<PostgresDatabase>>()));
        }
        builder.Services.AddSingleton<IAuditLog, AuditLog>();
        builder.Services.AddSingleton<IDatabaseBackup, DatabaseBackup>();
        builder.Services.AddSingleton(builder.Configuration.GetSection(RetentionOptions.Section).Get<RetentionOptions>() ?? new RetentionOptions());
        builder.Services.AddSingleton<IRetention, RetentionSweep>();
        builder.Services.AddHostedService<RetentionService>();
        builder.Services.AddSingleton<Migrator>();
        builder.Services.AddSingleton<IMigrator>(services => services.GetRequiredService<Migrator>());
        builder.Services.AddSingleton<IHostedService>(services => services.GetRequiredService<Migrator>());
        builder.Services.AddHealthChecks().AddCheck<StorageHealthCheck>("storage");
        return builder.AddQmtlMigrations("audit", typeof(StorageExtensions).Assembly);
    }

    /// <summary>Adds the migrations that <paramref name="assembly"/> embeds, to be applied before anything else starts.</summary>
    public static IHostApplicationBuilder AddQmtlMigrations(this IHostApplicationBuilder builder, string component, Assembly assembly)
    {
        builder.Services.AddSingleton(MigrationSet.FromAssembly(component, assembly));
        return builder;
    }

    /// <summary>The SQLite file, or null for Postgres.</summary>
    private static string? SqliteFile(string? connectionString, StorageOptions options)
    {
        if (string.IsNullOrWhiteSpace(connectionString)) return Path.Combine(options.Directory, StorageOptions.FileName);
        var isPostgres = connectionString.Contains("host=", StringComparison.OrdinalIgnoreCase) || connectionString.Contains("server=", StringComparison.OrdinalIgnoreCase);
        return isPostgres ? null : new SqliteConnectionStringBuilder(connectionString).DataSource;
    }
}

/// <summary>Whether the database answers.</summary>
internal sealed class StorageHealthCheck(IDatabase database) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await database.ScalarAsync<int>("SELECT 1", cancellationToken: cancellationToken);
            return HealthCheckResult.Healthy(database.Dialect.Name);
        }
        catch (StorageException error)
        {
            return HealthCheckResult.Unhealthy(error.Message, error);
        }
    }
}
