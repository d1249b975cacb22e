using Qmtl.Messaging.Log;
using Qmtl.Messaging.Topics;

namespace Qmtl.Messaging.Kafka;

/// <summary>The partitions that one reader owns and the records of them that nobody has asked for yet. The client's thread, readers and handlers meet here.</summary>
/// <param name="batchSize">The most records of one poll and partition.</param>
internal sealed class PartitionBuffers(int batchSize)
{
    // A partition whose records nobody takes is not fetched further; the bound in bytes is for topics of large records.
    private const long MostBytes = 8 * 1024 * 1024;

    // Monitor and not Lock: whoever gives partitions up waits here for handlers to finish.
    private readonly object _gate = new();
    private readonly Dictionary<TopicPartition, Slot> _slots = [];

    public IReadOnlyCollection<TopicPartition> Owned
    {
        get
        {
            lock (_gate) return [.. _slots.Keys.Order()];
        }
    }

    /// <summary>Whether the next record may be handled.</summary>
    public bool Owns(TopicPartition partition)
    {
        lock (_gate) return _slots.TryGetValue(partition, out var slot) && !slot.Leaving;
    }

    /// <summary>Whether what was handled may be committed: also while the partition is being given up.</summary>
    public bool Holds(TopicPartition partition)
    {
        lock (_gate) return _slots.ContainsKey(partition);
    }

    /// <summary>Takes a partition over, from an offset on.</summary>
    public void Take(TopicPartition partition, long next)
    {
        lock (_gate) _slots[partition] = new Slot { Next = next };
    }

    /// <summary>A record came in.</summary>
    /// <returns>How many records before it were missing.</returns>
    public long Add(LogRecord record)
    {
        lock (_gate)
        {
            // Fetched before a seek or for a former owner: not what is wanted next.
            if (!_slots.TryGetValue(record.Partition, out var slot) || slot.Leaving || slot.SeekTo is not null || record.Position.Offset < slot.Next) return 0;
            var missing = record.Position.Offset - slot.Next;
            slot.Next = record.Position.Offset + 1;
            slot.Waiting.Enqueue(record);
            slot.Bytes += record.Payload.Length;
            return missing;
        }
    }

    /// <summary>Hands out what waits in partitions that are not in work.</summary>
    public List<LogRecord> HandOut()
    {
        lock (_gate)
        {
            var records = new List<LogRecord>();
            foreach (var slot in _slots.Values.Where(slot => slot is { InWork: false, Leaving: false, SeekTo: null }))
            {
                for (var taken = 0; taken < batchSize && slot.Waiting.TryDequeue(out var record); taken++)
                {
                    slot.Bytes -= record.Payload.Length;
                    records.Add(record);
                }
            }
            return records;
        }
    }

    public void SetInWork(TopicPartition partition, bool inWork)
    {
        lock (_gate)
        {
            if (!_slots.TryGetValue(partition, out var slot)) return;
            slot.InWork = inWork;
            if (!inWork) Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Continue elsewhere; what waits is dropped.</summary>
    public void Seek(TopicPartition partition, long offset)
    {
        lock (_gate)
        {
            if (!_slots.TryGetValue(partition, out var slot)) return;
            slot.SeekTo = offset;
            slot.Clear();
        }
    }

    /// <summary>Where partitions must be moved to. <see cref="Sought"/> says that it was done.</summary>
    public List<(TopicPartition Partition, long Offset)> Seeks()
    {
        lock (_gate) return [.. _slots.Where(each => each.Value.SeekTo is not null).Select(each => (each.Key, each.Value.SeekTo!.Value))];
    }

    public void Sought(TopicPartition partition, long offset)
    {
        lock (_gate)
        {
            if (!_slots.TryGetValue(partition, out var slot) || slot.SeekTo != offset) return;
            slot.SeekTo = null;
            slot.Next = offset;
        }
    }

    /// <summary>Partitions that have changed between "enough waits" and "more is wanted" since they were last asked about.</summary>
    public List<(TopicPartition Partition, bool Full)> Turned()
    {
        lock (_gate)
        {
            var turned = new List<(TopicPartition, bool)>();
            foreach (var (partition, slot) in _slots)
            {
                var full = slot.Full ? slot.Waiting.Count >= batchSize || slot.Bytes >= MostBytes / 2 : slot.Waiting.Count >= 4 * batchSize || slot.Bytes >= MostBytes;
                if (full == slot.Full) continue;
                slot.Full = full;
                turned.Add((partition, full));
            }
            return turned;
        }
    }

    /// <summary>Gives partitions up: hands out no more of them and waits until nothing of them is in work, or the time is over.</summary>
    /// <returns>Those that were still in work.</returns>
    public IReadOnlyList<TopicPartition> GiveUp(IReadOnlyList<TopicPartition> partitions, TimeSpan longest, TimeProvider clock)
    {
        lock (_gate)
        {
            foreach (var partition in partitions)
            {
                if (!_slots.TryGetValue(partition, out var slot)) continue;
                slot.Leaving = true;
                slot.Clear();
            }
            var started = clock.GetTimestamp();
            for (var left = longest; InWork() && left > TimeSpan.Zero; left = longest - clock.GetElapsedTime(started)) Monitor.Wait(_gate, left);
            TopicPartition[] late = [.. partitions.Where(partition => _slots.TryGetValue(partition, out var slot) && slot.InWork)];
            foreach (var partition in partitions) _slots.Remove(partition);
            return late;
        }

        bool InWork() => partitions.Any(partition => _slots.TryGetValue(partition, out var slot) && slot.InWork);
    }

    /// <summary>Forgets a partition that was lost.</summary>
    /// <returns>Whether records of it were in work.</returns>
    public bool Lose(TopicPartition partition)
    {
        lock (_gate) return _slots.Remove(partition, out var slot) && slot.InWork;
    }

    private sealed class Slot
    {
        public Queue<LogRecord> Waiting { get; } = new();

        public long Bytes { get; set; }

        public required long Next { get; set; }

        public long? SeekTo { get; set; }

        public bool InWork { get; set; }

        public bool Leaving { get; set; }

        public bool Full { get; set; }

        public void Clear()
        {
            Waiting.Clear();
            Bytes = 0;
        }
    }
}
