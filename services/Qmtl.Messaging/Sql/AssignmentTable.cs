using Qmtl.Messaging.Topics;

namespace Qmtl.Messaging.Sql;

/// <summary>The partitions that one reader owns, and where it stands in each. Heartbeats, polls and handlers meet here.</summary>
internal sealed class AssignmentTable(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TopicPartition, Assignment> _owned = [];

    public IReadOnlyCollection<TopicPartition> Owned
    {
        get
        {
            lock (_gate) return [.. _owned.Keys.Order()];
        }
    }

    /// <summary>Partitions to read from, with the offset to read next.</summary>
    public Dictionary<TopicPartition, long> Readable()
    {
        lock (_gate) return _owned.Where(each => each.Value is { Paused: false, Leaving: false } && Valid(each.Value)).ToDictionary(each => each.Key, each => each.Value.Position);
    }

    public bool Owns(TopicPartition partition)
    {
        lock (_gate) return _owned.TryGetValue(partition, out var assignment) && !assignment.Leaving && Valid(assignment);
    }

    /// <summary>The epoch of our ownership, or null when we own it no longer.</summary>
    public long? EpochOf(TopicPartition partition)
    {
        lock (_gate) return _owned.TryGetValue(partition, out var assignment) ? assignment.Epoch : null;
    }

    /// <summary>Moves on from <paramref name="from"/>; false when a seek or a new owner came in between, and what was read must be dropped.</summary>
    public bool Advance(TopicPartition partition, long from, long to)
    {
        lock (_gate)
        {
            if (!_owned.TryGetValue(partition, out var assignment) || assignment.Position != from || assignment.Paused) return false;
            assignment.Position = to;
            return true;
        }
    }

    public void Seek(TopicPartition partition, long offset)
    {
        lock (_gate)
        {
            if (_owned.TryGetValue(partition, out var assignment)) assignment.Position = offset;
        }
    }

    public void SetPaused(TopicPartition partition, bool paused)
    {
        lock (_gate)
        {
            if (_owned.TryGetValue(partition, out var assignment)) assignment.Paused = paused;
        }
    }

    /// <summary>Takes a partition, or prolongs it. A partition taken anew starts at <paramref name="committed"/>.</summary>
    /// <param name="leaving">It is kept only until its records in work are through: no more of it may be handed out.</param>
    public void Hold(TopicPartition partition, long epoch, long committed, long validUntil, bool leaving = false)
    {
        lock (_gate)
        {
            if (_owned.TryGetValue(partition, out var assignment) && assignment.Epoch == epoch)
            {
                assignment.ValidUntil = validUntil;
                assignment.Leaving = leaving;
            }
            else
            {
                _owned[partition] = new Assignment { Epoch = epoch, Position = committed, ValidUntil = validUntil, Leaving = leaving };
            }
        }
    }

    /// <summary>Asks to give a partition up: no more records of it are handed out.</summary>
    /// <returns>Whether none are in work either.</returns>
    public bool TryLeave(TopicPartition partition)
    {
        lock (_gate)
        {
            if (!_owned.TryGetValue(partition, out var assignment)) return true;
            assignment.Leaving = true;
            return !assignment.Paused;
        }
    }

    /// <summary>Forgets a partition.</summary>
    /// <returns>Whether records of it were in work.</returns>
    public bool Drop(TopicPartition partition)
    {
        lock (_gate) return _owned.Remove(partition, out var assignment) && assignment.Paused;
    }

    private bool Valid(Assignment assignment) => clock.GetTimestamp() < assignment.ValidUntil;

    private sealed class Assignment
    {
        public required long Epoch { get; init; }

        public required long Position { get; set; }

        public required long ValidUntil { get; set; }

        public bool Paused { get; set; }

        public bool Leaving { get; set; }
    }
}
