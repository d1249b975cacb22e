using FsCheck;
using FsCheck.Fluent;
using Qmtl.Messaging.Consuming;
using Qmtl.Messaging.Log;
using Qmtl.Messaging.Sql;
using Qmtl.Messaging.Tests.TestKit;
using Qmtl.Messaging.Topics;
using Qmtl.Storage.Outbox;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests;

/// <summary>Random histories against a model that fits on a page.</summary>
public sealed class ModelTests
{
    [Fact]
    public void IdempotencyWindow_AnyHistory_AnswersLikeAListOfTheLastKeys() =>
        Prop.ForAll<int[], byte>((history, size) =>
        {
            var capacity = (size % 8) + 1;
            var window = new IdempotencyWindow(capacity);
            var model = new List<string>();
            foreach (var step in history)
            {
                var key = $"k{step % 12}";
                Assert.Equal(model.Remove(key), window.Seen(key));
                window.Remember(key);
                model.Add(key);
                if (model.Count > capacity) model.RemoveAt(0);
                Assert.Equal(model.Count, window.Count);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void IdempotencyWindow_KeyPastItsLifetime_IsForgotten()
    {
        var clock = new ManualClock();
        var window = new IdempotencyWindow(10, TimeSpan.FromSeconds(60), clock);
        window.Remember("a");

        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.True(window.Seen("a"));
        clock.Advance(TimeSpan.FromSeconds(60));
        Assert.False(window.Seen("a"));
        Assert.Equal(0, window.Count);
    }

    [Fact]
    public void OwnerOf_AnyMembers_GivesEveryPartitionOneOwnerAndFairShares() =>
        Prop.ForAll<byte, byte>((memberCount, partitionCount) =>
        {
            var members = new SortedDictionary<string, IReadOnlySet<string>>(StringComparer.Ordinal);
            for (var n = 0; n < (memberCount % 9) + 1; n++) members[$"m{n}"] = new HashSet<string> { "t" };
            members["stranger"] = new HashSet<string> { "other" };
            var owners = Enumerable.Range(0, partitionCount % 20).Select(n => GroupShare.OwnerOf(new TopicPartition("t", n), members)).ToArray();
            Assert.DoesNotContain("stranger", owners);
            Assert.All(owners, Assert.NotNull);
            var shares = members.Keys.Where(member => member != "stranger").Select(member => owners.Count(owner => owner == member)).ToArray();
            Assert.InRange(shares.Max() - shares.Min(), 0, 1);
        }).QuickCheckThrowOnFailure();

    /// <summary>Append, poll, commit, seek, crash in any order: what a reader gets is always what the model says comes next.</summary>
    [Fact]
    public async Task Log_AnyHistory_BehavesLikeAListWithOneCommittedIndex()
    {
        await using var host = await LogHost.StartAsync(new() { ["Storage:Directory"] = Directory.CreateTempSubdirectory("qmtl-model-").FullName, ["Storage:Fsync"] = "false" });
        var round = 0;

        // Each history has a topic of its own. FsCheck's properties are synchronous; no synchronisation context waits here.
        Prop.ForAll<byte[]>(history => Task.Run(() => RunHistoryAsync(host, $"model.t{round++}", history)).Within(60).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    private static async Task RunHistoryAsync(LogHost host, string topic, byte[] history)
    {
        await host.Topics.EnsureAsync(new TopicSettings(topic, 1, TimeSpan.FromDays(1)));
        var options = new ConsumerOptions(topic) { Group = "model", BatchSize = 3 };
        var partition = new TopicPartition(topic, 0);
        var (end, position, committed) = (0L, 0L, 0L);
        var reader = await host.Log.OpenAsync(options);
        foreach (var step in history)
        {
            switch (step % 5)
            {
                case 0:
                    var count = (step / 5 % 4) + 1;
                    var appended = await host.Log.AppendAsync([.. Enumerable.Range(0, count).Select(n => new BusMessage(topic, "k", "t", new byte[] { (byte)(end + n) }))]);
                    Assert.Equal(Enumerable.Range(0, count).Select(n => end + n), appended.Select(each => each.Offset));
                    end += count;
                    break;
                case 1 when position < end:
                    var records = await reader.PollAsync();
                    Assert.Equal(Enumerable.Range(0, (int)Math.Min(3, end - position)).Select(n => position + n), records.Select(record => record.Position.Offset));
                    Assert.All(records, record => Assert.Equal((byte)record.Position.Offset, record.Payload.Span[0]));
                    position += records.Count;
                    break;
                case 2:
                    await reader.CommitAsync(partition, position);
                    committed = position;
                    break;
                case 3:
                    position = step % (end + 1);
                    reader.Seek(partition, position);
                    break;
                case 4:
                    await reader.DisposeAsync();
                    reader = await host.Log.OpenAsync(options);
                    position = committed;
                    break;
            }
        }
        await reader.DisposeAsync();
    }
}
