using System.Globalization;
using System.Text;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Tests.TestKit;
using Qmtl.Messaging.Topics;
using Qmtl.Storage.Outbox;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.Contract;

/// <summary>What the contracts share: a store, hosts on it, and words for records.</summary>
public abstract class LogContract : IAsyncLifetime
{
    private protected const string Topic = "test.orders";
    private protected const string DeadLetterTopic = Topic + ".dlq";

    // A broker settles a group by rounds of heartbeats.
    private protected const double Patience = 60;

    private readonly List<LogHost> _hosts = [];

    /// <summary>What the log under test stands on.</summary>
    private protected abstract LogStore Store { get; }

    private protected LogHost First { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await Store.StartAsync();
        First = await AnotherHostAsync();
        await First.Topics.EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromDays(1))).Within();
    }

    public async Task DisposeAsync()
    {
        foreach (var host in Enumerable.Reverse(_hosts)) await host.DisposeAsync();
        await Store.DisposeAsync();
    }

    /// <summary>Another process on the same store.</summary>
    private protected async Task<LogHost> AnotherHostAsync()
    {
        var host = await LogHost.StartAsync(Store.Settings);
        lock (_hosts) _hosts.Add(host);
        return host;
    }

    private protected static ConsumerOptions Options(string group) => new(Topic) { Group = group, Lease = TimeSpan.FromSeconds(1), PollInterval = TimeSpan.FromMilliseconds(200) };

    private protected static SubscriptionOptions Subscription(string group) => new() { Consumer = Options(group), Backoff = TimeSpan.FromMilliseconds(1) };

    private protected static Task<ILogConsumer> JoinAsync(LogHost host, string group) => host.Log.OpenAsync(Options(group)).Within(Patience);

    private protected static Task<ILogConsumer> JoinAsync(LogHost host, string group, TimeSpan lease) => host.Log.OpenAsync(Options(group) with { Lease = lease }).Within(Patience);

    private protected static Task<IReadOnlyList<LogRecord>> PollAsync(ILogConsumer reader) => reader.PollAsync().Within();

    /// <summary>Polls until there are so many records, however a log hands them out.</summary>
    private protected static async Task<List<LogRecord>> PollAsync(ILogConsumer reader, int count)
    {
        var records = new List<LogRecord>();
        while (records.Count < count) records.AddRange(await PollAsync(reader));
        return records;
    }

    private protected static BusMessage Message(string key, object value) => new(Topic, key, "order", Bytes(value));

    private protected static byte[] Bytes(object value) => Encoding.UTF8.GetBytes(Convert.ToString(value, CultureInfo.InvariantCulture)!);

    private protected static string Text(LogRecord record) => Encoding.UTF8.GetString(record.Payload.Span);

    private protected static (string One, string Other) KeysOfTwoPartitions() =>
        ("one", Enumerable.Range(0, 100).Select(n => $"other{n}").First(key => KeyPartitioner.PartitionOf(key, 4) != KeyPartitioner.PartitionOf("one", 4)));

    private protected Task<IReadOnlyList<LogPosition>> AppendAsync(string key, int count, int from = 0) => First.Log.AppendAsync([.. Enumerable.Range(from, count).Select(n => Message(key, n))]).Within();

    private protected async Task<List<LogRecord>> AllAsync()
    {
        var all = new List<LogRecord>();
        foreach (var partition in await First.Topics.DescribeAsync(Topic).Within()) all.AddRange(await First.Log.ReadAsync(partition.Partition, 0, 10_000).Within());
        return all;
    }
}
