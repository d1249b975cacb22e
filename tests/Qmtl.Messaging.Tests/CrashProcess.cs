using System.Text;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Tests.TestKit;
using Qmtl.Messaging.Topics;
using Qmtl.Storage.Audit;
using Qmtl.Storage.Outbox;

namespace Qmtl.Messaging.Tests;

/// <summary>A process that writes as fast as it can and says what was acknowledged, until someone kills it.</summary>
internal static class CrashProcess
{
    public const string Topic = "test.crash";
    public const string Group = "crash";

    private const int Writers = 8;

    // Without arguments "setting=value" this is the test runner looking around.
    private static async Task Main(string[] args)
    {
        if (args.Length == 0 || !args.All(arg => arg.Contains('=', StringComparison.Ordinal) && !arg.StartsWith('-'))) return;
        await using var host = await LogHost.StartAsync(args.Select(arg => arg.Split('=', 2)).ToDictionary(setting => setting[0], setting => (string?)setting[1]));
        await host.Topics.EnsureAsync(new TopicSettings(Topic, 2, TimeSpan.FromDays(1)));
        // A member that will never say goodbye.
        await using var reader = await host.Log.OpenAsync(new ConsumerOptions(Topic) { Group = Group, Lease = TimeSpan.FromMinutes(10) });
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(host, writer))));
    }

    private static async Task WriteAsync(LogHost host, int writer)
    {
        for (var n = 0; ; n++)
        {
            var value = FormattableString.Invariant($"{writer}.{n}");
            var receipt = await host.Database.WriteAsync(async unit =>
            {
                await unit.AuditAsync(new AuditEntry("crash", "written") { WorldId = "w", Request = $"\"{value}\"" });
                return await unit.AppendAsync(new BusMessage(Topic, value, "test", Encoding.UTF8.GetBytes(value)));
            });
            await Console.Out.WriteLineAsync(FormattableString.Invariant($"{receipt.Position.Partition} {receipt.Position.Offset} {value}"));
        }
    }
}
