using Qmtl.Testing;

namespace Qmtl.WorldService.Tests.Service;

/// <summary>Hosts over a fresh database of each kind.</summary>
internal static class WorldHosts
{
    public static Task<WorldHost> SqliteAsync(params (string Key, string? Value)[] settings) =>
        StartAsync(settings.Append(("Storage:Directory", Directory.CreateTempSubdirectory("qmtl-ws-").FullName)));

    public static async Task<WorldHost> PostgresAsync(params (string Key, string? Value)[] settings) =>
        await StartAsync(settings.Append(("ConnectionStrings:qmtl", await PostgresServer.CreateSharedDatabaseAsync())));

    private static Task<WorldHost> StartAsync(IEnumerable<(string Key, string? Value)> settings) =>
        WorldHost.StartAsync(settings.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal));
}
