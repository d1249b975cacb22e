using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Events;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Tests.Contract;
using Qmtl.Messaging.Tests.TestKit;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.Relay;

/// <summary>What a unit of work publishes comes out of the broker: all of it, in order, whoever dies meanwhile.</summary>
public sealed class RelayTests : IAsyncLifetime, IAsyncDisposable
{
    private const double Patience = 60;
    private readonly KafkaStore _store = new();
    private readonly List<LogHost> _hosts = [];

    public Task InitializeAsync() => _store.StartAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        foreach (var host in Enumerable.Reverse(_hosts)) await host.DisposeAsync();
        await _store.DisposeAsync();
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Publish_UnitsOfWork_ArriveOnceAndInTheOrderOfTheirKeys()
    {
        const int Worlds = 5;
        const int Each = 40;
        var host = await HostAsync();

        await Task.WhenAll(Enumerable.Range(0, Worlds).Select(world => Task.Run(async () =>
        {
            for (var version = 0; version < Each; version++) await host.Database.WriteAsync(async unit => await unit.PublishAsync(Policy($"w{world}", version)));
        }))).Within(Patience);

        var records = await ReadAsync(host, TopicCatalog.Policy, Worlds * Each);
        foreach (var world in records.GroupBy(record => record.Key)) Assert.Equal(Enumerable.Range(0, Each), world.Select(Version));
        Assert.Equal(Worlds * Each, records.Select(record => record.Headers["qmtl-id"]).Distinct().Count());
        Assert.All(records, record => Assert.Equal("policy_updated", record.Type));
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Publish_UnitOfWorkFails_NothingArrives()
    {
        var host = await HostAsync();

        await Assert.ThrowsAsync<FormatException>(() => host.Database.WriteAsync(async unit =>
        {
            await unit.PublishAsync(Policy("w", 1));
            throw new FormatException("no");
        }).Within());
        await host.Bus.PublishAsync(Policy("w", 2)).Within();

        Assert.Equal([2], (await ReadAsync(host, TopicCatalog.Policy, 1)).Select(Version));
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Publish_BrokerDown_IsAcceptedAndArrivesInOrderWhenItIsBack()
    {
        var host = await HostAsync();
        await host.Bus.PublishAsync(Policy("w", 0)).Within();
        await ReadAsync(host, TopicCatalog.Policy, 1);

        _store.Cluster.SetDown();
        for (var version = 1; version <= 50; version++) await host.Bus.PublishAsync(Policy("w", version)).Within();
        await TimeLimits.EventuallyAsync(async () => (await HealthAsync(host)).Status is HealthStatus.Degraded, Patience);
        Assert.True(Gauge("bus_outbox_pending") > 0);
        _store.Cluster.SetUp();

        Assert.Equal(Enumerable.Range(0, 51), (await ReadAsync(host, TopicCatalog.Policy, 51)).Select(Version));
        await TimeLimits.EventuallyAsync(async () => (await HealthAsync(host)).Status is HealthStatus.Healthy, Patience);
        await TimeLimits.EventuallyAsync(() => Gauge("bus_outbox_pending") == 0, Patience);
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Publish_BrokerDownAtStart_IsAccepted()
    {
        _store.Cluster.SetDown();
        var host = await HostAsync();
        await host.Bus.PublishAsync(Policy("w", 1)).Within();
        await host.CommitLog.AppendAsync(new IngestRecord("s-1", DateTimeOffset.UnixEpoch, new System.Text.Json.Nodes.JsonObject())).Within();

        _store.Cluster.SetUp();

        Assert.Equal([1], (await ReadAsync(host, TopicCatalog.Policy, 1)).Select(Version));
        Assert.Single(await ReadAsync(host, TopicCatalog.GatewayIngest, 1));
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Publish_BrokerRefusesAndRepeats_NothingIsLostOrOutOfOrder()
    {
        const int NotLeader = 6;
        const int TimedOut = 7;
        const int NotEnoughReplicas = 19;
        const int Broken = -195;
        var host = await HostAsync();
        await host.Bus.PublishAsync(Policy("w", 0)).Within();
        await ReadAsync(host, TopicCatalog.Policy, 1);

        _store.Cluster.FailNext(KafkaRequest.Produce, NotLeader, TimedOut, Broken, NotEnoughReplicas, NotLeader, Broken);
        for (var version = 1; version <= 30; version++) await host.Bus.PublishAsync(Policy("w", version)).Within();

        var firsts = (await ReadUntilAsync(host, TopicCatalog.Policy, records => records.Select(Version).Contains(30))).Select(Version).Distinct();
        Assert.Equal(Enumerable.Range(0, 31), firsts);
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Relay_NotNotedBeforeTheEnd_SendsAgainUnderTheSameIdAndHandlersSeeItOnce()
    {
        var host = await HostAsync();
        for (var version = 0; version < 5; version++) await host.Bus.PublishAsync(Policy("w", version)).Within();
        await ReadAsync(host, TopicCatalog.Policy, 5);
        await RelayedAsync(host, 5);
        await StopAsync(host);

        // What a crash between the broker's confirmation and the note leaves behind.
        var next = await HostAsync(beforeStart: database => database.WriteAsync(unit => unit.ExecuteAsync("UPDATE bus_relay SET relayed = relayed - 3")));
        await next.Bus.PublishAsync(Policy("w", 5)).Within();

        var records = await ReadAsync(next, TopicCatalog.Policy, 9);
        Assert.Equal([0, 1, 2, 3, 4, 2, 3, 4, 5], records.Select(Version));
        Assert.Equal(6, records.Select(record => record.Headers["qmtl-id"]).Distinct().Count());
        var handled = new ConcurrentQueue<int>();
        using var stop = new CancellationTokenSource();
        var run = next.Subscriptions.RunAsync(
            new SubscriptionOptions { Consumer = new ConsumerOptions(TopicCatalog.Policy) },
            (record, _) =>
            {
                handled.Enqueue(Version(record));
                return Version(record) == 5 ? stop.CancelAsync() : Task.CompletedTask;
            },
            stop.Token);
        await run.Within(Patience);
        Assert.Equal([0, 1, 2, 3, 4, 5], handled);
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Relay_TwoProcesses_OneRelaysAndTheOtherTakesOver()
    {
        var first = await HostAsync();
        await first.Bus.PublishAsync(Policy("w", 0)).Within();
        await RelayedAsync(first, 1);
        var second = await HostAsync();
        for (var version = 1; version < 20; version++) await second.Bus.PublishAsync(Policy("w", version)).Within();
        await RelayedAsync(first, 20);
        Assert.Equal(1, await EpochAsync(first));

        await StopAsync(first);
        for (var version = 20; version < 40; version++) await second.Bus.PublishAsync(Policy("w", version)).Within();

        Assert.Equal(Enumerable.Range(0, 40), (await ReadAsync(second, TopicCatalog.Policy, 40)).Select(Version));
        Assert.Equal(2, await EpochAsync(second));
    }

    [RequiresFact(Needs.Kafka)]
    public async Task Relay_LogFromBeforeThereWasABroker_IsHandedOn()
    {
        var folder = _store.Settings["Storage:Directory"];
        await using (var before = await LogHost.StartAsync(new() { ["Storage:Directory"] = folder, ["Storage:Fsync"] = "false" }))
        {
            for (var version = 0; version < 3; version++) await before.Bus.PublishAsync(Policy("w", version)).Within();
        }

        var host = await HostAsync();

        Assert.Equal([0, 1, 2], (await ReadAsync(host, TopicCatalog.Policy, 3)).Select(Version));
    }

    [RequiresFact(Needs.Kafka)]
    public async Task TrimAsync_Outbox_LetsGoOfWhatTheBrokerHasAndOfNothingElse()
    {
        var clock = new ManualClock();
        var host = await HostAsync(clock: clock);
        await host.Bus.PublishAsync(Policy("w", 0)).Within();
        await RelayedAsync(host, 1);
        _store.Cluster.SetDown();
        await host.Bus.PublishAsync(Policy("w", 1)).Within();
        clock.Advance(TimeSpan.FromDays(3));

        // The host trims by itself, too, now that so much time has passed.
        await host.Topics.TrimAsync().Within();

        Assert.Equal(1, await host.Database.ScalarAsync<long>("SELECT COUNT(*) FROM bus_log").Within());
        Assert.Equal(1, await host.Database.ScalarAsync<long>("SELECT SUM(low_offset) FROM bus_partition").Within());
        _store.Cluster.SetUp();
        await RelayedAsync(host, 2);
    }

    private static ControlEvent Policy(string world, int version) =>
        ControlEvent.FromJson("policy_updated", "test", FormattableString.Invariant($$"""{"world_id":"{{world}}","policy_version":{{version + 1}},"checksum":"c"}"""));

    private static int Version(LogRecord record) => CloudEventEnvelope.Parse(record.Payload.Span).Data["policy_version"]!.GetValue<int>() - 1;

    private static Task<List<LogRecord>> ReadAsync(LogHost host, string topic, int count) => ReadUntilAsync(host, topic, records => records.Count >= count);

    /// <summary>Reads alone, from the beginning.</summary>
    private static async Task<List<LogRecord>> ReadUntilAsync(LogHost host, string topic, Func<List<LogRecord>, bool> enough)
    {
        await using var reader = await host.Log.OpenAsync(new ConsumerOptions(topic)).Within(Patience);
        var records = new List<LogRecord>();
        while (!enough(records)) records.AddRange(await reader.PollAsync().Within(Patience));
        return records;
    }

    private static Task RelayedAsync(LogHost host, long records) =>
        TimeLimits.EventuallyAsync(async () => await host.Database.ScalarAsync<long>("SELECT COALESCE(SUM(relayed), 0) FROM bus_relay") == records, Patience);

    private static Task<long> EpochAsync(LogHost host) => host.Database.ScalarAsync<long>("SELECT epoch FROM bus_relay_lease").Within();

    private static Task<HealthReport> HealthAsync(LogHost host) => host.Get<HealthCheckService>().CheckHealthAsync();

    private static double Gauge(string name)
    {
        double? value = null;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, each) =>
            {
                if (instrument.Name == name) each.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, measurement, _, _) => value = Math.Max(value ?? 0, measurement));
        listener.Start();
        listener.RecordObservableInstruments();
        return value ?? throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{name} tells nothing."));
    }

    private async Task<LogHost> HostAsync(TimeProvider? clock = null, Func<IDatabase, Task>? beforeStart = null)
    {
        if (beforeStart is not null)
        {
            // A process without the broker touches nothing but the database.
            await using var plain = await LogHost.StartAsync(_store.Settings.Where(setting => setting.Key != "ConnectionStrings:kafka").ToDictionary());
            await beforeStart(plain.Database);
        }
        var host = await LogHost.StartAsync(_store.Settings, clock);
        _hosts.Add(host);
        return host;
    }

    private async Task StopAsync(LogHost host)
    {
        _hosts.Remove(host);
        await host.DisposeAsync();
    }
}
