using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;
using Qmtl.Storage.Outbox;
using Qmtl.Testing;

namespace Qmtl.Messaging.Tests.Contract;

/// <summary>What every log promises to writers and to readers that stand alone: order, whole records, replay, topics.</summary>
public abstract class AppendContract : LogContract
{
    [ConformanceFact]
    public async Task AppendAsync_ManyKeys_GivesGaplessOffsetsInEachPartition()
    {
        var positions = await First.Log.AppendAsync([.. Enumerable.Range(0, 500).Select(n => Message($"k{n % 37}", n))]).Within();

        Assert.Equal(500, positions.Count);
        foreach (var partition in positions.GroupBy(position => position.Partition))
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(n => (long)n), partition.Select(position => position.Offset));
        Assert.True(positions.Select(position => position.Partition).Distinct().Count() > 1);
    }

    [ConformanceFact]
    public async Task AppendAsync_Record_ComesBackAsItWas()
    {
        var message = new BusMessage(Topic, "ключ", "order", new byte[] { 0, 1, 255 }) { Headers = new Dictionary<string, string> { ["rfp"] = "ä\"b" } };

        var position = Assert.Single(await First.Log.AppendAsync([message]).Within());

        var record = Assert.Single(await First.Log.ReadAsync(new TopicPartition(Topic, position.Partition), 0, 10).Within());
        Assert.Equal((position, "ключ", "order", "ä\"b"), (record.Position, record.Key, record.Type, record.Headers["rfp"]));
        Assert.Equal(message.Payload.ToArray(), record.Payload.ToArray());
    }

    [ConformanceFact]
    public async Task AppendAsync_AnyRecord_CarriesTheFingerprintOfWhoWroteIt()
    {
        await First.Log.AppendAsync([Message("a", 1), Message("a", 2) with { Headers = new Dictionary<string, string> { ["rfp"] = "another program" } }]).Within();

        var records = await AllAsync();

        Assert.Matches("^qmtl-[0-9.]+.*;net-[0-9.]+;[a-z0-9]+$", records[0].Headers["rfp"]);
        Assert.Equal("another program", records[1].Headers["rfp"]);
    }

    [ConformanceFact]
    public async Task AppendAsync_LargestPayload_ComesBackWhole()
    {
        var payload = new byte[1024 * 1024];
        new Random(7).NextBytes(payload);

        await First.Log.AppendAsync([Message("a", 1), new BusMessage(Topic, "a", "order", payload), Message("a", 2)]).Within();
        await using var reader = await First.Log.OpenAsync(new ConsumerOptions(Topic)).Within();
        var read = new List<LogRecord>();
        while (read.Count < 3) read.AddRange(await PollAsync(reader));

        Assert.Equal(["1", "2"], new[] { read[0], read[2] }.Select(Text));
        Assert.True(read[1].Payload.Span.SequenceEqual(payload));
    }

    [ConformanceFact]
    public async Task AppendAsync_UnknownTopic_IsRefusedAndNothingIsWritten()
    {
        var error = await Assert.ThrowsAsync<UnknownTopicException>(() => First.Log.AppendAsync([Message("a", 1), new BusMessage("test.unknown", "a", "order", Bytes(1))]).Within());

        Assert.Equal("test.unknown", error.Topic);
        Assert.All(await First.Topics.DescribeAsync(Topic).Within(), partition => Assert.Equal(0, partition.End));
    }

    [ConformanceFact]
    public async Task AppendAsync_FromManyWritersInTwoProcesses_LosesAndDoublesNothing()
    {
        const int Writers = 8;
        const int Each = 40;
        var second = await AnotherHostAsync();

        var positions = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var mine = new List<(LogPosition Position, string Value)>();
            for (var n = 0; n < Each; n++)
            {
                var host = writer % 2 == 0 ? First : second;
                // Two keys at once, in changing order: writers who lock in the order of their messages would deadlock.
                var appended = await host.Log.AppendAsync([Message($"k{(writer + n) % 7}", $"{writer}.{n}.a"), Message($"k{n % 5}", $"{writer}.{n}.b")]);
                mine.Add((appended[0], $"{writer}.{n}.a"));
                mine.Add((appended[1], $"{writer}.{n}.b"));
            }
            return mine;
        }))).Within(60);

        var acknowledged = positions.SelectMany(mine => mine).ToDictionary(each => each.Position, each => each.Value);
        Assert.Equal(Writers * Each * 2, acknowledged.Count);
        var stored = await AllAsync();
        Assert.Equal(acknowledged.Count, stored.Count);
        Assert.All(stored, record => Assert.Equal(acknowledged[record.Position], Text(record)));
        foreach (var partition in stored.GroupBy(record => record.Position.Partition))
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(n => (long)n), partition.Select(record => record.Position.Offset));
    }

    [ConformanceFact]
    public async Task PollAsync_WhileOthersAppend_NeverPassesOverARecord()
    {
        await using var reader = await First.Log.OpenAsync(new ConsumerOptions(Topic)).Within();
        var appending = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < 50; n++) await First.Log.AppendAsync([Message($"k{writer}", $"{writer}.{n}")]);
        })));

        var seen = new List<LogRecord>();
        while (seen.Count < 200) seen.AddRange(await PollAsync(reader));

        await appending.Within();
        foreach (var partition in seen.GroupBy(record => record.Position.Partition))
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(n => (long)n), partition.Select(record => record.Position.Offset));
    }

    [ConformanceFact]
    public async Task PollAsync_RecordAppendedByAnotherProcess_ArrivesWithoutWaitingForThePoll()
    {
        var second = await AnotherHostAsync();
        await using var reader = await second.Log.OpenAsync(new ConsumerOptions(Topic) { PollInterval = Store.WakesAcrossProcesses ? TimeSpan.FromMinutes(5) : TimeSpan.FromMilliseconds(200) }).Within();
        var poll = reader.PollAsync();
        await Task.Delay(300);

        await First.Log.AppendAsync([Message("a", 1)]).Within();

        Assert.Equal("1", Text(Assert.Single(await poll.Within(10))));
    }

    [ConformanceFact]
    public async Task ReadAsync_FromAnyOffset_Replays()
    {
        var positions = await First.Log.AppendAsync([.. Enumerable.Range(0, 20).Select(n => Message("a", n))]).Within();
        var partition = new TopicPartition(Topic, positions[0].Partition);

        Assert.Equal(["15", "16", "17"], (await First.Log.ReadAsync(partition, 15, 3).Within()).Select(Text));
        Assert.Empty(await First.Log.ReadAsync(partition, 20, 3).Within());
    }

    [ConformanceFact]
    public async Task EnsureAsync_ExistingTopic_KeepsItsPartitions()
    {
        var settings = await First.Topics.EnsureAsync(new TopicSettings(Topic, 9, TimeSpan.FromHours(1))).Within();

        Assert.Equal(4, settings.Partitions);
        Assert.Equal(4, (await First.Topics.DescribeAsync(Topic).Within()).Count);
    }

    [ConformanceFact]
    public async Task DeleteAsync_Topic_TakesRecordsAndOffsetsAway()
    {
        await AppendAsync("a", 3);
        await First.Topics.DeleteAsync(Topic).Within();

        await Assert.ThrowsAsync<UnknownTopicException>(() => AppendAsync("a", 1));
        Assert.Empty(await First.Topics.DescribeAsync(Topic).Within());
    }
}
