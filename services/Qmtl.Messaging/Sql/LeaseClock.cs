using Qmtl.Storage;

namespace Qmtl.Messaging.Sql;

/// <summary>Leases are judged by one clock: that of the server, or on SQLite that of the one machine.</summary>
internal static class LeaseClock
{
    public static async Task<DateTimeOffset> NowAsync(IUnitOfWork unit) => unit.Dialect.IsPostgres
        ? await unit.FirstOrDefaultAsync<DateTimeOffset>("SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint * 1000")
        : unit.Now;
}
