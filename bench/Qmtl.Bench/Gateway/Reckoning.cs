using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Qmtl.Bench.Gateway;

/// <summary>Whether everything that was acknowledged is where it has to be, once: read from the tables themselves, behind the services' backs.</summary>
internal static class Reckoning
{
    private const string IngestPrefix = "ingest:";

    /// <summary>Waits until nothing waits, then counts.</summary>
    /// <exception cref="InvalidOperationException">Something is lost or there twice; the message says what.</exception>
    public static async Task<TimeSpan> CheckAsync(DbConnection connection, IReadOnlyCollection<string> acknowledged, int largestTopics, CancellationToken cancellation)
    {
        await connection.OpenAsync(cancellation);
        var drained = await DrainAsync(connection, cancellation);
        var expected = acknowledged.ToHashSet(StringComparer.Ordinal);
        if (expected.Count != acknowledged.Count) throw new InvalidOperationException($"{acknowledged.Count - expected.Count} ids were acknowledged twice.");
        Compare("store", expected, await ReadAsync(connection, "SELECT strategy_id FROM gw_strategies WHERE status = 'completed'", cancellation));
        Compare("commit log", expected, (await ReadAsync(connection, "SELECT message_key FROM bus_log WHERE topic = 'gateway.ingest'", cancellation)).ConvertAll(key => key[IngestPrefix.Length..]));
        Compare("graph", expected, await ReadAsync(connection, "SELECT strategy_id FROM dm_sentinels", cancellation));
        Compare("worlds", expected, await ReadAsync(connection, "SELECT strategy_id FROM ws_bindings", cancellation));
        Compare("ends", expected, await ReadAsync(connection, "SELECT strategy_id FROM gw_strategy_events WHERE to_status = 'completed'", cancellation));
        var topics = await ReadAsync(connection, "SELECT topic FROM dm_queues", cancellation);
        if (topics.Count > largestTopics) throw new InvalidOperationException($"There are {topics.Count} topics for at most {largestTopics} nodes and contexts.");
        return drained;
    }

    private static async Task<TimeSpan> DrainAsync(DbConnection connection, CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        while ((await ReadAsync(connection, "SELECT strategy_id FROM gw_strategies WHERE status <> 'completed' LIMIT 1", cancellation)).Count > 0)
        {
            if (TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMinutes(2)) throw new InvalidOperationException("Submissions still wait two minutes after the last one came.");
            await Task.Delay(50, cancellation);
        }

        return TimeProvider.System.GetElapsedTime(started);
    }

    private static void Compare(string place, HashSet<string> expected, List<string> found)
    {
        var distinct = found.ToHashSet(StringComparer.Ordinal);
        var missing = expected.Count(id => !distinct.Contains(id));
        var foreign = distinct.Count(id => !expected.Contains(id));
        if (missing + foreign > 0 || distinct.Count != found.Count)
            throw new InvalidOperationException($"The {place} lacks {missing} of {expected.Count} acknowledged submissions, has {foreign} that nobody was told of, and {found.Count - distinct.Count} twice.");
    }

    private static async Task<List<string>> ReadAsync(DbConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = new List<string>();
        while (await reader.ReadAsync(cancellation)) found.Add(reader.GetString(0));
        return found;
    }

    /// <summary>Opens what a stack keeps its state in.</summary>
    public static DbConnection Connect(string? postgres, string folder) => postgres is null
        ? new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "qmtl.db"), Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString())
        : new NpgsqlConnection(postgres);
}
