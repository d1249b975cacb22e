using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Qmtl.Messaging;
using Qmtl.Testing;

namespace Qmtl.Bench.Bus;

/// <summary>What a log stands on while it is measured.</summary>
internal enum BusStoreKind
{
    /// <summary>A file, each commit waits for the disk.</summary>
    Sqlite,

    /// <summary>A file, commits survive the process and not a power cut.</summary>
    SqliteNoFsync,

    /// <summary>A server of our own on this machine, each commit waits for the disk.</summary>
    Postgres,

    /// <summary>librdkafka's mock broker in this process: the client's cost without that of a real broker or its disk.</summary>
    KafkaMock,
}

/// <summary>A host on an empty store, gone with everything in it afterwards.</summary>
internal sealed class BusStore : IAsyncDisposable
{
    private readonly string _folder;
    private PostgresServer? _postgres;
    private KafkaMockCluster? _kafka;
    private IHost? _host;

    private BusStore(string folder) => _folder = folder;

    public IServiceProvider Services => _host!.Services;

    /// <summary>Why this machine cannot run it, or null.</summary>
    public static string? WhyMissing(BusStoreKind kind) => kind switch
    {
        BusStoreKind.Postgres => Machine.WhyMissing(Needs.Postgres),
        BusStoreKind.KafkaMock => Machine.WhyMissing(Needs.Kafka),
        _ => null,
    };

    public static async Task<BusStore> StartAsync(BusStoreKind kind, CancellationToken cancellationToken)
    {
        var store = new BusStore(Directory.CreateTempSubdirectory("qmtl-bench-").FullName);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(await store.SettingsAsync(kind));
        builder.AddQmtlMessaging();
        store._host = builder.Build();
        await store._host.StartAsync(cancellationToken);
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            if (_host is IAsyncDisposable host) await host.DisposeAsync();
        }
        if (_postgres is not null) await _postgres.DisposeAsync();
        _kafka?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<Dictionary<string, string?>> SettingsAsync(BusStoreKind kind)
    {
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal) { ["Storage:Directory"] = _folder };
        switch (kind)
        {
            case BusStoreKind.SqliteNoFsync:
                settings["Storage:Fsync"] = "false";
                break;
            case BusStoreKind.Postgres:
                _postgres = await PostgresServer.StartAsync(fsync: true);
                settings["ConnectionStrings:qmtl"] = await _postgres.CreateDatabaseAsync("bench");
                break;
            case BusStoreKind.KafkaMock:
                _kafka = KafkaMockCluster.Start();
                settings["ConnectionStrings:kafka"] = _kafka.BootstrapServers;
                settings["Messaging:Kafka:CreateTopics"] = "false";
                break;
        }
        return settings;
    }
}
