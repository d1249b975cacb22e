using System.Diagnostics;
using System.Globalization;
using System.Text;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Tests.Contract;
using Qmtl.Messaging.Tests.TestKit;
using Qmtl.Storage;
using Qmtl.Storage.Audit;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests;

/// <summary>What was acknowledged is there after kill -9, and everything that is there is whole.</summary>
public sealed class CrashTests
{
    [Fact]
    public async Task Sqlite_ProcessKilled_LosesNothingAcknowledged()
    {
        var folder = Directory.CreateTempSubdirectory("qmtl-crash-").FullName;

        var acknowledged = await KilledAsync("Storage:Directory=" + folder);

        await using var host = await LogHost.StartAsync(new() { ["Storage:Directory"] = folder });
        await CheckAsync(host, acknowledged);
        // The killed member's lease runs for minutes; on the same machine everyone can see that it is dead.
        await using var reader = await host.Log.OpenAsync(new ConsumerOptions(CrashProcess.Topic) { Group = CrashProcess.Group }).Within();
        Assert.Equal(2, reader.Assigned.Count);
    }

    [RequiresFact(Needs.Postgres)]
    public async Task Postgres_ProcessAndServerKilled_LosesNothingAcknowledged()
    {
        await using var server = await PostgresServer.StartAsync(fsync: true);
        var database = await server.CreateDatabaseAsync();

        var acknowledged = await KilledAsync("ConnectionStrings:qmtl=" + database);
        await server.CrashAndRestartAsync();

        await using var host = await LogHost.StartAsync(new() { ["ConnectionStrings:qmtl"] = database });
        await CheckAsync(host, acknowledged);
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Kafka_ProcessKilledWhileItRelays_TheNextOneHandsOnEverything()
    {
        await using var store = new KafkaStore();
        await store.StartAsync();

        var acknowledged = (await KilledAsync([.. store.Settings.Select(setting => $"{setting.Key}={setting.Value}")])).Select(line => line.Split(' ')[2]).ToHashSet();

        await using var host = await LogHost.StartAsync(store.Settings);
        await using var reader = await host.Log.OpenAsync(new ConsumerOptions(CrashProcess.Topic)).Within();
        var arrived = new List<(int Partition, string Value)>();
        while (!acknowledged.IsSubsetOf(arrived.Select(each => each.Value))) arrived.AddRange((await reader.PollAsync().Within()).Select(record => (record.Position.Partition, Encoding.UTF8.GetString(record.Payload.Span))));
        Assert.True(acknowledged.Count >= 300);
        foreach (var partition in arrived.GroupBy(each => each.Partition, each => each.Value))
        {
            // Copies aside, it is the outbox as far as it came, in its order.
            var firsts = partition.Distinct().ToArray();
            var outbox = await host.Database.QueryAsync<string>("SELECT message_key FROM bus_log WHERE partition = @Key ORDER BY log_offset", new { partition.Key }).Within();
            Assert.Equal(outbox.Take(firsts.Length), firsts);
        }
    }

    private static async Task<List<string>> KilledAsync(params string[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(CrashProcess).Assembly.Location, .. settings]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var acknowledged = new List<string>();
        while (acknowledged.Count < 300)
        {
            var line = await process.StandardOutput.ReadLineAsync().Within();
            acknowledged.Add(line ?? throw new InvalidOperationException("The process ended by itself."));
        }
        process.Kill();
        // What it still managed to say before it died was acknowledged as well; its last line may be cut in the middle.
        var rest = (await process.StandardOutput.ReadToEndAsync().Within()).Split('\n');
        return [.. acknowledged, .. rest[..^1]];
    }

    private static async Task CheckAsync(LogHost host, List<string> acknowledged)
    {
        var stored = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var partition in await host.Topics.DescribeAsync(CrashProcess.Topic).Within())
        {
            var records = await host.Log.ReadAsync(partition.Partition, 0, 10_000).Within();
            Assert.Equal(Enumerable.Range(0, (int)partition.End).Select(n => (long)n), records.Select(record => record.Position.Offset));
            foreach (var record in records)
                stored[string.Create(CultureInfo.InvariantCulture, $"{record.Position.Partition} {record.Position.Offset} {Encoding.UTF8.GetString(record.Payload.Span)}")] = record.Key;
        }
        Assert.True(acknowledged.Count >= 300);
        Assert.All(acknowledged, line => Assert.Contains(line, stored.Keys));
        var verdict = await host.Get<IAuditLog>().VerifyAsync("w").Within();
        Assert.True(verdict.Intact, verdict.Reason);
        // One entry for each message: both or neither.
        Assert.Equal(stored.Count, verdict.Entries);
    }
}
