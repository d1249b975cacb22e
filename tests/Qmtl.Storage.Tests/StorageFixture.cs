using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Qmtl.Storage.Audit;
using Qmtl.Storage.Backup;
using Qmtl.Storage.Migrations;
using Qmtl.Storage.Retention;
using Qmtl.Testing;

namespace Qmtl.Storage.Tests;

/// <summary>A fresh database behind the registrations that a service uses.</summary>
internal sealed class StorageFixture : IAsyncDisposable
{
    private readonly IHost _host;

    private StorageFixture(IHost host) => _host = host;

    public IDatabase Database => _host.Services.GetRequiredService<IDatabase>();

    public IAuditLog Audit => _host.Services.GetRequiredService<IAuditLog>();

    public IDatabaseBackup Backup => _host.Services.GetRequiredService<IDatabaseBackup>();

    public IRetention Retention => _host.Services.GetRequiredService<IRetention>();

    /// <summary>A database without any table: what a restore wants.</summary>
    public static StorageFixture Empty(Dictionary<string, string?> settings) => new(Build(settings, configure: null));

    public static async Task<StorageFixture> SqliteAsync(string? folder = null, Action<IHostApplicationBuilder>? configure = null) =>
        await StartAsync(new() { ["Storage:Directory"] = folder ?? Directory.CreateTempSubdirectory("qmtl-storage-").FullName }, configure);

    public static async Task<StorageFixture> PostgresAsync(string? connectionString = null, Action<IHostApplicationBuilder>? configure = null) =>
        await StartAsync(new() { ["ConnectionStrings:qmtl"] = connectionString ?? await PostgresServer.CreateSharedDatabaseAsync() }, configure);

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable disposable) await disposable.DisposeAsync();
    }

    private static IHost Build(Dictionary<string, string?> settings, Action<IHostApplicationBuilder>? configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddSingleton(new MigrationSet("test", [new Migration(1, "items",
            """
            CREATE TABLE test_item (id TEXT NOT NULL, part INTEGER NOT NULL, amount DOUBLE PRECISION, active BOOLEAN, at BIGINT, body BYTEA, PRIMARY KEY (id, part));
            CREATE TABLE test_counter (id TEXT PRIMARY KEY, value BIGINT NOT NULL CHECK (value >= 0));
            """)]));
        builder.AddQmtlStorage();
        configure?.Invoke(builder);
        return builder.Build();
    }

    private static async Task<StorageFixture> StartAsync(Dictionary<string, string?> settings, Action<IHostApplicationBuilder>? configure)
    {
        var fixture = new StorageFixture(Build(settings, configure));
        try
        {
            await fixture._host.Services.GetRequiredService<IMigrator>().MigrateAsync().Within();
        }
        catch
        {
            await fixture.DisposeAsync();
            throw;
        }
        return fixture;
    }
}
