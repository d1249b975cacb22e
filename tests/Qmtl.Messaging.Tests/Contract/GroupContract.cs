using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.Contract;

/// <summary>What every log promises to groups: one owner for each partition, commits, redelivery, hand-over.</summary>
public abstract class GroupContract : LogContract
{
    [ConformanceFact]
    public async Task OpenAsync_CommittedOffset_IsWhereTheGroupContinues()
    {
        await AppendAsync("a", 10);
        TopicPartition partition;
        await using (var reader = await JoinAsync(First, "g"))
        {
            var records = await PollAsync(reader, 10);
            partition = records[0].Partition;
            await reader.CommitAsync(partition, 4).Within();
        }

        await using var next = await JoinAsync(First, "g");

        Assert.Equal(["4", "5", "6", "7", "8", "9"], (await PollAsync(next, 6)).Select(Text));
        Assert.Equal(6, (await First.Topics.DescribeGroupAsync("g").Within()).Single(state => state.Partition == partition).Lag);
    }

    [ConformanceFact]
    public async Task OpenAsync_NothingCommittedBeforeACrash_DeliversAgain()
    {
        await AppendAsync("a", 3);
        await using (var reader = await JoinAsync(First, "g")) Assert.Equal(3, (await PollAsync(reader, 3)).Count);

        await using var next = await JoinAsync(First, "g");

        Assert.Equal(["0", "1", "2"], (await PollAsync(next, 3)).Select(Text));
    }

    [ConformanceFact]
    public async Task OpenAsync_TwoGroups_EachSeeEverything()
    {
        await AppendAsync("a", 5);
        await using var one = await JoinAsync(First, "g1");
        await using var two = await JoinAsync(First, "g2");

        Assert.Equal(5, (await PollAsync(one, 5)).Count);
        Assert.Equal(5, (await PollAsync(two, 5)).Count);
    }

    [ConformanceFact]
    public async Task OpenAsync_StartLatest_SkipsWhatWasThereOnly()
    {
        await AppendAsync("a", 5);
        await using (await First.Log.OpenAsync(Options("g") with { Start = StartAt.Latest }).Within()) await AppendAsync("a", 2, from: 5);

        // It left without a commit; what came after it joined is still its own.
        await using var next = await First.Log.OpenAsync(Options("g") with { Start = StartAt.Latest }).Within();

        Assert.Equal(["5", "6"], (await PollAsync(next, 2)).Select(Text));
    }

    [ConformanceFact]
    public async Task OpenAsync_SecondMember_TakesHalfOfThePartitionsAndNoneTwice()
    {
        var second = await AnotherHostAsync();
        await using var one = await JoinAsync(First, "g");
        await TimeLimits.EventuallyAsync(() => one.Assigned.Count == 4, Patience);

        await using (var two = await JoinAsync(second, "g"))
        {
            await TimeLimits.EventuallyAsync(() => one.Assigned.Count == 2 && two.Assigned.Count == 2, Patience);
            Assert.Empty(one.Assigned.Intersect(two.Assigned));
        }

        await TimeLimits.EventuallyAsync(() => one.Assigned.Count == 4, Patience);
    }

    [ConformanceFact]
    public async Task OpenAsync_PartitionInWork_StaysUntilItIsReleased()
    {
        // Longer than a busy machine may stop a process: what is tested is the hand-over, not the loss of a lease.
        var steady = TimeSpan.FromSeconds(20);
        await AppendAsync("a", 1);
        await using var one = await JoinAsync(First, "g", steady);
        var record = Assert.Single(await PollAsync(one));
        one.Pause(record.Partition);

        // Not awaited: a log may let newcomers wait until the partition is free.
        var others = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => AnotherHostAsync()));
        var joining = others.Select(host => JoinAsync(host, "g", steady)).ToArray();
        for (var look = 0; look < 30; look++)
        {
            Assert.Contains(record.Partition, one.Assigned);
            Assert.DoesNotContain(record.Partition, joining.Where(join => join.IsCompletedSuccessfully).SelectMany(join => join.Result.Assigned));
            await Task.Delay(100);
        }
        if (Store.CommitsWhileDividing) await one.CommitAsync(record.Partition, 1).Within();
        one.Resume(record.Partition);

        var joined = await Task.WhenAll(joining).Within(Patience);
        await TimeLimits.EventuallyAsync(() => one.Assigned.Count == 1 && joined.All(other => other.Assigned.Count == 1), Patience);
        Assert.Equal(4, joined.Append(one).SelectMany(member => member.Assigned).Distinct().Count());
        foreach (var member in joined) await member.DisposeAsync();
    }

    [ConformanceFact]
    public async Task CommitAsync_MemberThatLeft_IsRefused()
    {
        await AppendAsync("a", 2);
        var gone = await JoinAsync(First, "g");
        var record = (await PollAsync(gone))[0];
        await gone.DisposeAsync();

        await Assert.ThrowsAnyAsync<Exception>(() => gone.CommitAsync(record.Partition, 1).Within());

        await using var next = await JoinAsync(First, "g");
        Assert.Equal(2, (await PollAsync(next, 2)).Count);
    }

    [ConformanceFact]
    public async Task Pause_PartitionInWork_GivesNothingOfItUntilItIsResumed()
    {
        var (one, other) = KeysOfTwoPartitions();
        await First.Log.AppendAsync([Message(one, "first")]).Within();
        await using var reader = await JoinAsync(First, "g");
        var partition = (await PollAsync(reader))[0].Partition;
        reader.Pause(partition);

        await First.Log.AppendAsync([Message(one, "second"), Message(other, "meanwhile")]).Within();
        Assert.Equal(["meanwhile"], (await PollAsync(reader)).Select(Text));

        reader.Resume(partition);
        Assert.Equal(["second"], (await PollAsync(reader)).Select(Text));
    }

    [ConformanceFact]
    public async Task Seek_Back_DeliversAgain()
    {
        await AppendAsync("a", 5);
        await using var reader = await JoinAsync(First, "g");
        var records = await PollAsync(reader, 5);

        reader.Seek(records[0].Partition, 3);

        Assert.Equal(["3", "4"], (await PollAsync(reader, 2)).Select(Text));
    }
}
