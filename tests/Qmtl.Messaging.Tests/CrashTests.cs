using System.Diagnostics;
using System.Globalization;
using System.Text;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Tests.TestKit;
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

    private static async Task<List<string>> KilledAsync(string setting)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(CrashProcess).Assembly.Location, setting]) { RedirectStandardOutput = true, UseShellExecute = false };
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
