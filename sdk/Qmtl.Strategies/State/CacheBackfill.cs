namespace Qmtl.Strategies;

/// <summary>Merges history into a window.</summary>
internal sealed class CacheBackfill(CacheInput input)
{
    public int Merge(ReadOnlySpan<long> times, ReadOnlySpan<double> values)
    {
        var columns = input.Columns.Count;
        if (values.Length != times.Length * columns)
            throw new ArgumentException($"{times.Length} bars of {columns} columns have {times.Length * columns} values, was given {values.Length}.", nameof(values));
        if (times.IsEmpty) return 0;
        var rows = Rows(times);
        Record(rows);
        var taken = 0;
        var late = input.LateCount;
        // Old to new: a bar that the window cannot hold is passed over, and none is evicted that a later one would have needed.
        foreach (var (bucket, row) in rows)
        {
            if (input.Contains(bucket)) continue;
            if (input.Append(bucket, values.Slice(row * columns, columns)) != CacheWrite.Dropped) taken++;
        }

        // History is not late.
        input.LateCount = late;
        input.JudgeMissing();
        input.Ranges.Forget(Oldest(input.LastTime!.Value));
        return taken;
    }

    /// <summary>The bars that can be in the window afterwards, oldest first, one a bucket.</summary>
    private List<(long Bucket, int Row)> Rows(ReadOnlySpan<long> times)
    {
        var last = new Dictionary<long, int>(times.Length);
        var newest = input.LastTime ?? long.MinValue;
        for (var i = 0; i < times.Length; i++)
        {
            var bucket = input.BucketOf(times[i]);
            last[bucket] = i;
            newest = Math.Max(newest, bucket);
        }

        var oldest = Oldest(newest);
        return [.. last.Where(bar => bar.Key >= oldest).Select(bar => (bar.Key, bar.Value)).OrderBy(bar => bar.Key)];
    }

    private long Oldest(long newest) => newest - ((input.Period - 1) * input.IntervalNanoseconds);

    private void Record(List<(long Bucket, int Row)> rows)
    {
        for (var i = 0; i < rows.Count;)
        {
            var first = rows[i].Bucket;
            var end = first;
            while (++i < rows.Count && rows[i].Bucket == end + input.IntervalNanoseconds) end = rows[i].Bucket;
            input.Ranges.Add(first, end);
        }
    }
}
