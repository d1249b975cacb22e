using System.Globalization;
using System.Reflection;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Docs.Tests;

/// <summary>What indicators.md says of each indicator, and of what other libraries have beyond them, is so.</summary>
public sealed class IndicatorPageTests
{
    private const string Page = "docs/indicators.md";
    private const int Bars = 1_500, Gap = 900;

    /// <summary>The lists of other libraries: their name, what it is called here or nothing, and a remark where it is missing.</summary>
    public static TheoryData<string> Peers => ["lean", "pandas-ta"];

    [Fact]
    public void Indicators_StandInTheTable() => DocumentTables.AssertTable(Page, "indicators", DocumentTables.Of(
        "| name | parameters | columns, and bars before their first value | a missing bar costs | what it is |",
        IndicatorCatalog.All.OrderBy(indicator => indicator.Name, StringComparer.Ordinal).Select(Row)));

    [Theory]
    [MemberData(nameof(Peers))]
    public void Peer_WhatIsMissingStandsInTheTable(string library)
    {
        var entries = Read(library);
        var missing = entries.Where(entry => entry.Here.Length == 0).ToArray();

        DocumentTables.AssertTable(Page, library, DocumentTables.Of(
            string.Create(CultureInfo.InvariantCulture, $"| {missing.Length} of {entries.Length} | write it as |"), missing.Select(entry => $"| {entry.Name} | {entry.Remark} |")));
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public void Peer_WhatIsCalledPresentIsThere(string library)
    {
        var names = IndicatorCatalog.All.Select(indicator => indicator.Name).ToHashSet(StringComparer.Ordinal);

        Assert.All(Read(library).Where(entry => entry.Here.Length > 0), entry => Assert.True(names.Contains(entry.Here) || IsMember(entry.Here), $"{library}'s {entry.Name} is said to be {entry.Here}, which is not there."));
    }

    [Theory]
    [MemberData(nameof(Peers))]
    public void Peer_WhatIsCalledMissingIsNotThere(string library)
    {
        var names = IndicatorCatalog.All.Select(indicator => Plain(indicator.Name)).ToHashSet(StringComparer.Ordinal);

        Assert.All(Read(library).Where(entry => entry.Here.Length == 0), entry => Assert.DoesNotContain(Plain(entry.Name), names));
    }

    private static string Row(Indicator indicator)
    {
        var info = indicator.Describe();
        var parameters = info.Parameters.Select(parameter => $"`{parameter.Name}` {parameter.Default} ({parameter.Range.Replace("|", ", ", StringComparison.Ordinal)})");
        var columns = info.Columns.Select(column => string.Create(CultureInfo.InvariantCulture, $"`{column.Name}` {column.Warmup}"));
        return $"| `{info.Name}` | {string.Join("<br>", parameters)} | {string.Join("<br>", columns)} | {AfterGap(indicator)} | {info.Description.Replace("|", "\\|", StringComparison.Ordinal)} |";
    }

    /// <summary>How many values are missing because one bar is: the policy of the operators, as it comes out for the indicator as a whole.</summary>
    private static string AfterGap(Indicator indicator)
    {
        var missing = indicator.Compute(BarsWithGap(), 60).Max(column => column.Values.AsSpan(Gap).ToArray().Count(double.IsNaN));
        return string.Create(CultureInfo.InvariantCulture, $"{missing} {(missing == 1 ? "value" : "values")}");
    }

    private static BarSeries BarsWithGap()
    {
        var bars = SyntheticBars.Generate(new SyntheticOptions { Count = Bars, Seed = 21, Volatility = 0.01 });
        var columns = bars.ColumnNames.ToDictionary(name => name, name => bars.FindColumn(name)!.Value.ToArray(), StringComparer.Ordinal);
        columns["bid"] = columns["low"].ToArray();
        columns["ask"] = columns["high"].ToArray();
        for (var level = 1; level <= 5; level++)
        {
            foreach (var side in new[] { "bid", "ask" })
                columns[string.Create(CultureInfo.InvariantCulture, $"{side}_size_{level}")] = Array.ConvertAll(columns["volume"], volume => (volume * level % 97) + side[0]);
        }

        foreach (var column in columns.Values) column[Gap] = double.NaN;
        return new BarSeries("SYN", bars.Times.ToArray(), columns);
    }

    private static bool IsMember(string path) =>
        path.Split('.') is [var type, var member] && typeof(Series).Assembly.GetType($"Qmtl.Strategies.{type}")?.GetMember(member, BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static).Length > 0;

    private static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    private static PeerEntry[] Read(string library) =>
    [
        .. File.ReadLines(Path.Combine(Documents.Root, "tests", "Qmtl.Docs.Tests", "Peers", library + ".txt")).Select(line => line.Split('|', 3))
            .Select(cells => new PeerEntry(cells[0], cells.Length > 1 ? cells[1] : "", cells.Length > 2 ? cells[2] : "")),
    ];

    private sealed record PeerEntry(string Name, string Here, string Remark);
}
