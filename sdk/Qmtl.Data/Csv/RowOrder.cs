namespace Qmtl.Data;

/// <summary>Which rows of a table to keep, in which order.</summary>
internal static class RowOrder
{
    /// <summary>The rows by increasing time; null for "all of them as they are".</summary>
    /// <param name="file">For messages.</param>
    /// <param name="table">The table.</param>
    /// <param name="rows">The rows in question, in file order; null for all.</param>
    /// <param name="options">Whether disorder and duplicates are allowed.</param>
    public static int[]? Of(string file, CsvTable table, int[]? rows, CsvOptions options)
    {
        var disorder = FirstDisorder(table, rows);
        if (disorder < 0) return rows;
        rows ??= [.. Enumerable.Range(0, table.Rows)];
        if (!options.Sort) RefuseUnordered(file, table, rows);
        var times = table.Times.ToArray();
        // OrderBy is stable: rows of equal time keep the order of the file.
        return Deduplicate(file, table, [.. rows.OrderBy(row => times[row])], options.Dedupe);
    }

    private static int FirstDisorder(CsvTable table, int[]? rows)
    {
        var times = table.Times;
        var count = rows?.Length ?? times.Length;
        for (var i = 1; i < count; i++)
        {
            if (times[rows?[i] ?? i] <= times[rows?[i - 1] ?? (i - 1)]) return i;
        }

        return -1;
    }

    private static void RefuseUnordered(string file, CsvTable table, int[] rows)
    {
        for (var i = 1; i < rows.Length; i++)
        {
            if (table.Times[rows[i]] < table.Times[rows[i - 1]])
                throw DataRefusal.Unordered(file, table.LineOf(rows[i]), BarTime.Format(table.Times[rows[i]]), BarTime.Format(table.Times[rows[i - 1]]));
        }
    }

    private static int[] Deduplicate(string file, CsvTable table, int[] rows, Dedupe dedupe)
    {
        var kept = new List<int>(rows.Length);
        foreach (var row in rows)
        {
            if (kept.Count == 0 || table.Times[kept[^1]] != table.Times[row])
            {
                kept.Add(row);
                continue;
            }

            if (dedupe == Dedupe.Refuse) throw DataRefusal.Duplicate(file, table.LineOf(row), table.LineOf(kept[^1]), BarTime.Format(table.Times[row]));
            if (dedupe == Dedupe.Last) kept[^1] = row;
        }

        return [.. kept];
    }
}
