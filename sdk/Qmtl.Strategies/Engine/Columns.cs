using System.Runtime.InteropServices;
using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>The columns of one instrument, as the engine reads them.</summary>
public interface IColumnSource
{
    /// <summary>The instrument.</summary>
    string Instrument { get; }

    /// <summary>How many bars there are.</summary>
    int Count { get; }

    /// <summary>When bars open: nanoseconds UTC, strictly increasing, one per bar.</summary>
    ReadOnlySpan<long> Times { get; }

    /// <summary>The names of the numeric columns.</summary>
    IReadOnlyCollection<string> ColumnNames { get; }

    /// <summary>A numeric column by name, or null.</summary>
    ReadOnlyMemory<double>? FindColumn(string name);
}

/// <summary>Connects a plan's sources to data.</summary>
public sealed class ColumnBinding
{
    /// <summary>Up to here copying a column's bars costs less than telling everyone who reads them where they are.</summary>
    private const int MostToCopy = 16;

    private readonly ArraySegment<double>[] _columns;
    private readonly IColumnSource? _clock;

    private ColumnBinding(ArraySegment<double>[] columns, int count, IColumnSource? clock)
    {
        _columns = columns;
        _clock = clock;
        Count = count;
    }

    /// <summary>How many bars there are.</summary>
    public int Count { get; }

    /// <summary>Finds every column the plan reads.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="data">The columns of each instrument, all over the same bars.</param>
    /// <exception cref="RefusalException">An instrument or column is missing; the message lists those that exist.</exception>
    public static ColumnBinding Bind(ComputePlan plan, IReadOnlyList<IColumnSource> data)
    {
        var count = data.Count == 0 ? 0 : data[0].Count;
        if (plan.NeedsTimes && count > 0 && data[0].Times.Length != count)
            throw Refuse.Graph(data[0].Instrument, $"has {data[0].Times.Length} times for {count} bars, but longer bars are made of it; give each bar its time");
        // The first of a name counts.
        var series = new Dictionary<string, IColumnSource>(data.Count, StringComparer.Ordinal);
        foreach (var one in data) series.TryAdd(one.Instrument, one);
        return new ColumnBinding([.. plan.Sources.Select(source => AsArray(Find(source, series, data)))], count, plan.NeedsTimes && count > 0 ? data[0] : null);
    }

    /// <summary>Lets the run read bars <paramref name="start"/> .. <paramref name="start"/> + <paramref name="length"/> next, where they are unless there are few.</summary>
    public void Load(PlanRun run, int start, int length)
    {
        for (var i = 0; i < _columns.Length; i++)
        {
            if (length <= MostToCopy) _columns[i].AsSpan(start, length).CopyTo(run.Source(i));
            else run.View(i, _columns[i].Array!, _columns[i].Offset + start);
        }

        _clock?.Times.Slice(start, length).CopyTo(run.Times);
    }

    private static ArraySegment<double> AsArray(ReadOnlyMemory<double> column) =>
        MemoryMarshal.TryGetArray(column, out var segment) ? segment : new ArraySegment<double>(column.ToArray());

    private static ReadOnlyMemory<double> Find(PlanSource source, Dictionary<string, IColumnSource> byName, IReadOnlyList<IColumnSource> data)
    {
        if (!byName.TryGetValue(source.Instrument, out var series))
            throw Refuse.Graph($"{source.Column}({source.Instrument})", $"reads {source.Instrument}, but the data has {string.Join(", ", data.Select(d => d.Instrument))}");
        if (series.FindColumn(source.Column) is { } column) return column;
        var near = Nearest.To(source.Column, series.ColumnNames);
        throw Refuse.Graph(
            $"{source.Column}({source.Instrument})",
            $"reads the column {source.Column}, but {source.Instrument} has {string.Join(", ", series.ColumnNames)}{(near is null ? "" : $"; did you mean {near}?")}");
    }
}
