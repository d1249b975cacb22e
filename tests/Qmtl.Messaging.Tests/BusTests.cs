using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Events;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Tests.TestKit;
using Qmtl.Messaging.Topics;
using Qmtl.Storage;
using Qmtl.Storage.Outbox;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests;

/// <summary>ControlBus and commit log on the log; what the log itself promises is in the conformance suite.</summary>
public sealed class BusTests : IAsyncLifetime
{
    private LogHost _host = null!;

    public async Task InitializeAsync() => _host = await LogHost.StartAsync(new() { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-bus-").FullName });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task PublishAsync_UnitOfWorkFails_PublishesNothing()
    {
        await Assert.ThrowsAsync<FormatException>(() => _host.Database.WriteAsync(async unit =>
        {
            await unit.PublishAsync(Policy(1));
            throw new FormatException("no");
        }).Within());
        await _host.Bus.PublishAsync(Policy(2)).Within();

        Assert.Equal([2], await ReceivedAsync(1));
    }

    [Fact]
    public async Task PublishAsync_Receipt_KnowsItsPositionAfterTheCommitOnly()
    {
        var receipt = await _host.Database.WriteAsync(async unit =>
        {
            var pending = await unit.PublishAsync(Policy(1));
            Assert.Throws<InvalidOperationException>(() => pending.Position);
            return pending;
        }).Within();

        Assert.Equal((TopicCatalog.Policy, 0L), (receipt.Position.Topic, receipt.Position.Offset));
    }

    [Fact]
    public async Task RunAsync_SameEventTwice_IsHandledOnce()
    {
        await _host.Bus.PublishAsync(Policy(1)).Within();
        await _host.Bus.PublishAsync(Policy(1)).Within();
        await _host.Bus.PublishAsync(Policy(2)).Within();

        Assert.Equal([1, 2], await ReceivedAsync(2));
    }

    [Fact]
    public async Task RunAsync_UnreadableEvent_GoesAside()
    {
        await _host.Log.AppendAsync([new BusMessage(TopicCatalog.Policy, "w", "policy_updated", "nonsense"u8.ToArray())]).Within();
        await _host.Bus.PublishAsync(Policy(1)).Within();

        Assert.Equal([1], await ReceivedAsync(1));
        Assert.Equal("poison", Assert.Single(await _host.Log.ReadAsync(new TopicPartition("policy.dlq", 0), 0, 10).Within()).Headers["dlq-reason"]);
    }

    [Fact]
    public async Task AppendAsync_TypeOfAnotherTopic_IsRefused()
    {
        var error = await Assert.ThrowsAsync<EventRefusedException>(() => _host.Log.AppendAsync([new BusMessage(TopicCatalog.Activation, "w", "policy_updated", "{}"u8.ToArray())]).Within());

        Assert.Equal("topic", error.Field);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public async Task AppendAsync_NoKey_IsRefused(string? key) =>
        await Assert.ThrowsAsync<ArgumentException>(() => _host.Log.AppendAsync([new BusMessage(TopicCatalog.TradeFills, key!, "fill", "{}"u8.ToArray())]).Within());

    [Fact]
    public async Task AppendAsync_OversizedPayload_IsRefused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => _host.Log.AppendAsync([new BusMessage(TopicCatalog.TradeFills, "k", "fill", new byte[(1024 * 1024) + 1])]).Within());

    [Fact]
    public async Task CommitLog_Record_ComesBackAndAgainUntilCommitted()
    {
        var record = new IngestRecord("s-1", DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123), JsonNode.Parse("""{"dag":{"nodes":[]},"compute_context":null}""")!);
        var position = await _host.CommitLog.AppendAsync(record).Within();
        var seen = new ConcurrentQueue<(IngestRecord Record, LogPosition Position)>();

        for (var run = 0; run < 2; run++)
        {
            using var stop = new CancellationTokenSource();
            await _host.CommitLog.RunAsync(
                "ingest",
                async (read, at, token) =>
                {
                    seen.Enqueue((read, at));
                    await stop.CancelAsync();
                    // The first run ends in the middle of the record, as a crash would.
                    if (seen.Count == 1) token.ThrowIfCancellationRequested();
                },
                stop.Token).Within();
        }

        Assert.Equal(2, seen.Count);
        Assert.All(seen, each =>
        {
            Assert.Equal((position, record.StrategyId, record.At), (each.Position, each.Record.StrategyId, each.Record.At));
            Assert.True(JsonNode.DeepEquals(record.Payload, each.Record.Payload));
        });
        Assert.Equal(0, (await _host.Topics.DescribeGroupAsync("ingest").Within()).Sum(state => state.Lag));
    }

    private static ControlEvent Policy(int version) =>
        ControlEvent.FromJson("policy_updated", "test", FormattableString.Invariant($$"""{"world_id":"w","policy_version":{{version}},"checksum":"c"}"""));

    private async Task<List<int>> ReceivedAsync(int count)
    {
        var received = new List<int>();
        using var stop = new CancellationTokenSource();
        await _host.Bus.RunAsync(
            new SubscriptionOptions { Consumer = new ConsumerOptions(TopicCatalog.Policy) { Group = "g" } },
            (delivery, _) =>
            {
                received.Add(delivery.Event.Data["policy_version"]!.GetValue<int>());
                return received.Count == count ? stop.CancelAsync() : Task.CompletedTask;
            },
            stop.Token).Within();
        return received;
    }
}
