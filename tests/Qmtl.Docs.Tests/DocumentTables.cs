namespace Qmtl.Docs.Tests;

/// <summary>Tables of a page that are written from the product.</summary>
internal static class DocumentTables
{
    public const string WriteVariable = "QMTL_WRITE_DOCS";

    /// <summary>Compares, or writes where a person asked for that.</summary>
    public static void AssertTable(string page, string name, string expected)
    {
        var (start, end) = ($"<!-- table: {name} -->\n", "\n<!-- end -->");
        var text = Documents.Read(page);
        var from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        var to = text.IndexOf(end[1..], from, StringComparison.Ordinal);
        Assert.True(from > start.Length && to >= from, $"{page} has no place for the table \"{name}\".");
        if (Environment.GetEnvironmentVariable(WriteVariable) is "1") File.WriteAllText(Path.Combine(Documents.Root, page), $"{text[..from]}{expected}{end}{text[(to + end.Length - 1)..]}");
        else Assert.True($"{expected}\n" == text[from..to], $"The table \"{name}\" of {page} is out of date; write it anew with {WriteVariable}=1. It should be:\n{expected}");
    }

    public static string Of(string header, IEnumerable<string> rows)
    {
        var columns = header.Count(character => character == '|') - 1;
        return string.Join('\n', (string[])[header, $"|{string.Concat(Enumerable.Repeat("---|", columns))}", .. rows]);
    }
}
