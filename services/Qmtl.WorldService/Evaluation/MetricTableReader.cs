using Google.Protobuf.Collections;
using Qmtl.V1;
using Qmtl.WorldService.Decisions;
using Qmtl.WorldService.Policies.Documents;
using Qmtl.WorldService.Policies.Selection;

namespace Qmtl.WorldService.Evaluation;

/// <summary>
/// Reads a table of metrics: columns become numbers side by side for each strategy, under shared names, without an object for each number. A table means what
/// the same names and numbers mean strategy by strategy.
/// </summary>
internal sealed class MetricTableReader(MetricTable table, MetricNames names)
{
    private const string Field = "/metric_table";
    private readonly string[] _ids = [.. table.StrategyIds];

    /// <summary>Adds the metrics of each strategy.</summary>
    /// <param name="metrics">Those that the request names one by one; no strategy may be in both.</param>
    /// <exception cref="Identity.RefusalException">The columns do not fit the rows, a number is not finite, or something is named twice.</exception>
    public void ReadInto(Dictionary<string, MetricSet> metrics)
    {
        var columns = ReadColumns();
        var schema = new MetricSchema(columns.Select(column => column.Name));
        var someMissing = Array.Exists(columns, column => column.Missing is not null);
        var sets = new MetricSetMaker();
        for (var row = 0; row < _ids.Length; row++)
        {
            var id = _ids[row];
            if (!StrategyIds.IsValid(id)) StrategyIds.Check(id, Pointer("strategy_ids", row));
            var set = someMissing ? sets.Make(Known(columns, row)) : new MetricSet(schema, Row(columns, row));
            if (!metrics.TryAdd(id, set)) throw Refuse.Field(Pointer("strategy_ids", row), $"names '{id}', whose metrics are given already; name each strategy once, in metrics or in metric_table");
        }
    }

    private Column[] ReadColumns()
    {
        var columns = new Column[table.Columns.Count];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var at = 0;
        foreach (var (given, column) in table.Columns)
        {
            var pointer = JsonPointer.Child(Field + "/columns", given);
            var name = names.Canonical(given);
            if (!seen.Add(name)) throw Refuse.Field(pointer, $"is {name}, which another column is already; send one of them");
            columns[at++] = Read(column, name, pointer);
        }

        return columns;
    }

    private Column Read(MetricColumn column, string name, string pointer)
    {
        if (column.Values.Count != _ids.Length) throw Refuse.Field(pointer + "/values", $"must hold a number for each of the {_ids.Length} strategies, held {column.Values.Count}");
        var values = new double[_ids.Length];
        column.Values.CopyTo(values, 0);
        var missing = Missing(column.Missing, pointer);
        for (var row = 0; row < values.Length; row++)
        {
            if (!double.IsFinite(values[row]) && missing?[row] is not true) throw Refuse.Field($"{pointer}/values/{row}", "must be a finite number; list the place in missing when there is none");
            values[row] = MetricNames.Normalise(name, values[row]);
        }

        return new Column(name, values, missing);
    }

    private bool[]? Missing(RepeatedField<int> places, string pointer)
    {
        if (places.Count == 0) return null;
        var missing = new bool[_ids.Length];
        for (var i = 0; i < places.Count; i++)
        {
            if ((uint)places[i] >= (uint)missing.Length) throw Refuse.Field($"{pointer}/missing/{i}", $"must be the place of one of the {missing.Length} strategies, counted from 0; was {places[i]}");
            missing[places[i]] = true;
        }

        return missing;
    }

    private static double[] Row(Column[] columns, int row)
    {
        var numbers = new double[columns.Length];
        for (var i = 0; i < numbers.Length; i++) numbers[i] = columns[i].Values[row];
        return numbers;
    }

    private static Dictionary<string, double> Known(Column[] columns, int row)
    {
        var values = new Dictionary<string, double>(columns.Length, StringComparer.Ordinal);
        foreach (var column in columns)
        {
            if (column.Missing?[row] is not true) values.Add(column.Name, column.Values[row]);
        }

        return values;
    }

    private static string Pointer(string list, int place) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Field}/{list}/{place}");

    /// <summary>One metric of all strategies.</summary>
    /// <param name="Missing">Where the number does not count; null where all do.</param>
    private sealed record Column(string Name, double[] Values, bool[]? Missing);
}
