using Qmtl.Identity;

namespace Qmtl.Strategies;

/// <summary>The columns of one instrument, as the engine reads them.</summary>
public interface IColumnSource
{
    /// <summary>The instrument.</summary>
    string Instrument { get; }

    /// <summary>How many bars there are.</summary>
    int Count { get; }

    /// <summary>The names of the numeric columns.</summary>
    IReadOnlyCollection<string> ColumnNames { get; }

    /// <summary>A numeric column by name, or null.</summary>
    ReadOnlyMemory<double>? FindColumn(string name);
}

/// <summary>Connects a plan's sources to data.</summary>
public sealed class ColumnBinding
{
    private readonly ReadOnlyMemory<double>[] _columns;

    private ColumnBinding(ReadOnlyMemory<double>[] columns, int count)
    {
        _columns = columns;
        Count = count;
    }

    /// <summary>How many bars there are.</summary>
    public int Count { get; }

    /// <summary>Finds every column the plan reads.</summary>
    /// <exception cref="RefusalException">An instrument or column is missing; the message lists those that exist.</exception>
    public static ColumnBinding Bind(ComputePlan plan, IReadOnlyList<IColumnSource> data)
    {
        var columns = plan.Sources.Select(source => Find(source, data)).ToArray();
        return new ColumnBinding(columns, data.Count == 0 ? 0 : data[0].Count);
    }

    /// <summary>Writes bars <paramref name="start"/> .. <paramref name="start"/> + <paramref name="length"/> into the run's sources.</summary>
    public void Load(PlanRun run, int start, int length)
    {
        for (var i = 0; i < _columns.Length; i++) _columns[i].Span.Slice(start, length).CopyTo(run.Source(i));
    }

    private static ReadOnlyMemory<double> Find(PlanSource source, IReadOnlyList<IColumnSource> data)
    {
        var series = data.FirstOrDefault(candidate => string.Equals(candidate.Instrument, source.Instrument, StringComparison.Ordinal))
            ?? throw Refuse.Graph($"{source.Column}({source.Instrument})", $"reads {source.Instrument}, but the data has {string.Join(", ", data.Select(d => d.Instrument))}");
        if (series.FindColumn(source.Column) is { } column) return column;
        var near = Nearest.To(source.Column, series.ColumnNames);
        throw Refuse.Graph(
            $"{source.Column}({source.Instrument})",
            $"reads the column {source.Column}, but {source.Instrument} has {string.Join(", ", series.ColumnNames)}{(near is null ? "" : $"; did you mean {near}?")}");
    }
}
