using Qmtl.Strategies;

namespace Qmtl.Data;

/// <summary>What the header of a file says: the name of each column, in file order.</summary>
internal sealed class CsvLayout
{
    private static readonly string[] Required = ["timestamp", "open", "high", "low", "close"];
    private static readonly string[] TimeNames = ["timestamp", "time", "date", "datetime", "ts"];

    private CsvLayout(string file, string[] names, int timeIndex)
    {
        File = file;
        Names = names;
        TimeIndex = timeIndex;
    }

    public string File { get; }

    /// <summary>Lower-case names in file order; the time column is called "timestamp".</summary>
    public string[] Names { get; }

    public int TimeIndex { get; }

    /// <summary>Whether a price of this column must be there; volume and extra columns may be empty.</summary>
    public static bool MayBeEmpty(string name) => Array.IndexOf(Required, name) < 0;

    public static CsvLayout From(string file, IReadOnlyList<string> header)
    {
        var names = header.Select(name => name.Trim().ToLowerInvariant()).ToArray();
        var time = Array.FindIndex(names, name => Array.IndexOf(TimeNames, name) >= 0);
        if (Array.IndexOf(names, "timestamp") is >= 0 and var exact) time = exact;
        if (time >= 0) names[time] = "timestamp";

        var empty = Array.FindIndex(names, name => name.Length == 0);
        if (empty >= 0) throw DataRefusal.Header(file, $"column {empty + 1} has no name");
        var twice = names.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null) throw DataRefusal.Header(file, $"the column {twice.Key} occurs {twice.Count()} times");
        var absent = Required.Where(name => Array.IndexOf(names, name) < 0).ToArray();
        if (absent.Length > 0)
        {
            var near = Nearest.To(absent[0], names);
            throw DataRefusal.Header(
                file, $"the column {string.Join(", ", absent)} is missing; the header has {string.Join(", ", names)}{(near is null ? "" : $"; is {near} meant?")}");
        }

        return new CsvLayout(file, names, time);
    }
}
