using Qmtl.Storage;
using Qmtl.V1;

namespace Qmtl.WorldService.Health;

/// <summary>Whether the service can do its work.</summary>
internal sealed class HealthHandler(IDatabase database)
{
    private static readonly string Version = typeof(HealthHandler).Assembly.GetName().Version?.ToString(3) ?? "";

    public async Task<WorldServiceHealth> GetAsync(CancellationToken cancellationToken)
    {
        var state = await DatabaseAsync(cancellationToken);

        // The bus is a table of the same database: it works exactly when that does.
        var health = new WorldServiceHealth { Status = state is "ok" ? "ok" : "degraded", Version = Version };
        health.Dependencies.Add("database", state);
        health.Dependencies.Add("control_bus", state);
        return health;
    }

    private async Task<string> DatabaseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await database.ScalarAsync<long>("SELECT COUNT(*) FROM ws_worlds WHERE world_id = ''", cancellationToken: cancellationToken);
            return "ok";
        }
        catch (StorageException)
        {
            return "error";
        }
    }
}
