using System.Buffers;

namespace Qmtl.Data;

/// <summary>Text as a cell of a CSV file.</summary>
public static class CsvText
{
    private static readonly SearchValues<char> Special = SearchValues.Create(",\"\r\n");

    /// <summary>The cell that reads back as <paramref name="text"/>: in quotes where it has a comma, a quote or a line break.</summary>
    public static string Cell(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.AsSpan().ContainsAny(Special) ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}
