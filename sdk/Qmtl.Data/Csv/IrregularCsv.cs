using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Qmtl.Data;

/// <summary>Reads what the regular form does not cover: quoted cells, other separators. Slower, same rules, same errors.</summary>
internal static class IrregularCsv
{
    public static CsvTable Read(string file, Stream stream, IReadOnlySet<string> textColumns, CancellationToken ct)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, leaveOpen: true);
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            DetectDelimiter = true,
            DetectDelimiterValues = [",", ";", "\t", "|"],
            IgnoreBlankLines = true,
            BadDataFound = bad => throw DataRefusal.Quote(file, bad.Context.Parser?.RawRow ?? 0),
        };
        using var parser = new CsvParser(reader, configuration);
        if (!parser.Read()) throw DataRefusal.NoBars(file);
        var table = new CsvTable(CsvLayout.From(file, parser.Record!), textColumns, 0);
        var cell = new byte[256];
        while (parser.Read())
        {
            ct.ThrowIfCancellationRequested();
            if (parser.Count != table.Columns) throw DataRefusal.CellCount(file, parser.RawRow, parser.Count, table.Columns);
            for (var i = 0; i < parser.Count; i++)
            {
                var text = parser[i];
                var needed = Encoding.UTF8.GetMaxByteCount(text.Length);
                if (needed > cell.Length) cell = new byte[needed];
                table.Set(i, cell.AsSpan(0, Encoding.UTF8.GetBytes(text, cell)), parser.RawRow);
            }

            table.EndRow(parser.RawRow);
        }

        return table;
    }
}
