using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.Contract;

/// <summary>How a log that trims itself lets go of records.</summary>
public abstract class RetentionContract : LogContract
{
    [ConformanceFact]
    public async Task TrimAsync_RecordsPastRetention_AreRemovedFromTheFrontAndReadersGoOnBehind()
    {
        await First.Topics.EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromMilliseconds(300))).Within();
        await AppendAsync("a", 5);
        await using var reader = await JoinAsync(First, "g");
        await Task.Delay(400);
        var position = Assert.Single(await First.Log.AppendAsync([Message("a", "new")]).Within());

        Assert.Equal(5, await First.Topics.TrimAsync().Within());

        Assert.Equal(new PartitionState(new TopicPartition(Topic, position.Partition), 5, 6), (await First.Topics.DescribeAsync(Topic).Within())[position.Partition]);
        Assert.Equal(["new"], (await PollAsync(reader)).Select(Text));
    }

    [ConformanceFact]
    public async Task TrimAsync_KeepUncommitted_WaitsForTheSlowestGroup()
    {
        await First.Topics.EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromMilliseconds(1)) { KeepUncommitted = true }).Within();
        await AppendAsync("a", 5);
        await Task.Delay(20);
        Assert.Equal(0, await First.Topics.TrimAsync().Within());
        await using var fast = await JoinAsync(First, "fast");
        await using var slow = await JoinAsync(First, "slow");
        var partition = (await PollAsync(fast))[0].Partition;
        await fast.CommitAsync(partition, 5).Within();
        await slow.CommitAsync(partition, 2).Within();

        Assert.Equal(2, await First.Topics.TrimAsync().Within());
    }

    [ConformanceFact]
    public async Task TrimAsync_PartitionPastItsBytes_KeepsTheNewestThatFit()
    {
        await First.Topics.EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromDays(1)) { RetentionBytes = 250 }).Within();
        await First.Log.AppendAsync([.. Enumerable.Range(0, 7).Select(n => Message("a", new string((char)('0' + n), 100)))]).Within();

        Assert.Equal(5, await First.Topics.TrimAsync().Within());
        Assert.Equal(0, await First.Topics.TrimAsync().Within());

        Assert.Equal(["5", "6"], (await AllAsync()).Select(record => Text(record)[..1]));
    }

    [ConformanceFact]
    public async Task TrimAsync_OneRecordLargerThanTheBound_Stays()
    {
        await First.Topics.EnsureAsync(new TopicSettings(Topic, 4, TimeSpan.FromDays(1)) { RetentionBytes = 10 }).Within();
        await First.Log.AppendAsync([Message("a", "0123456789abcdef"), Message("a", "fedcba9876543210")]).Within();

        Assert.Equal(1, await First.Topics.TrimAsync().Within());
        Assert.Equal(["fedcba9876543210"], (await AllAsync()).Select(Text));
    }

    [ConformanceFact]
    public async Task ListAsync_TopicsAndGroups_AreAllThatExist()
    {
        await using (await JoinAsync(First, "readers"))
        {
            var topic = Assert.Single(await First.Topics.ListAsync().Within());
            Assert.Equal((Topic, 4, TimeSpan.FromDays(1), null), (topic.Name, topic.Partitions, topic.Retention, topic.RetentionBytes));
            Assert.Equal(["readers"], await First.Topics.GroupsAsync().Within());
        }
    }
}
