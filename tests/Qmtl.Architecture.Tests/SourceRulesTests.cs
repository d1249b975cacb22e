using System.Text.RegularExpressions;

namespace Qmtl.Architecture.Tests;

/// <summary>Rules of the code that no package's analyzer knows.</summary>
public sealed partial class SourceRulesTests
{
    private static readonly string[] Products = ["sdk", "services", "workers", "Qmtl.ServiceDefaults", "Qmtl.AppHost", "samples"];

    [Fact]
    public void ProductCode_ReadsTheClockThroughTimeProviderOnly() => AssertNone(WallClock());

    [Fact]
    public void ProductCode_NeverBlocksOnAsyncWork() => AssertNone(Blocking());

    [Fact]
    public void ProductCode_NamesNoTestPackage() => AssertNone(TestPackage());

    [Fact]
    public void SourceFiles_StayReadable()
    {
        const int Limit = 600;
        var long_ = SourceTree.Sources(Products).Select(path => (path, lines: File.ReadLines(path).Count())).Where(file => file.lines > Limit)
            .Select(file => $"{Path.GetRelativePath(SourceTree.Root, file.path)}: {file.lines} lines");

        Assert.Empty(long_);
    }

    private static void AssertNone(Regex forbidden)
    {
        var sources = SourceTree.Sources(Products).ToArray();
        Assert.NotEmpty(sources);

        var found = sources.SelectMany(path => File.ReadLines(path).Select((text, index) => (text, index))
            .Where(line => forbidden.IsMatch(line.text) && !line.text.TrimStart().StartsWith("//", StringComparison.Ordinal))
            .Select(line => $"{Path.GetRelativePath(SourceTree.Root, path)}:{line.index + 1}: {line.text.Trim()}"));

        Assert.Empty(found);
    }

    [GeneratedRegex(@"\bDateTime(Offset)?\.(UtcNow|Now|Today)\b|\bThread\.Sleep\(", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WallClock();

    [GeneratedRegex(@"\.GetAwaiter\(\)\.GetResult\(\)|\bTask\.WaitAll\(|\.Wait\(\);", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Blocking();

    [GeneratedRegex(@"^using (Xunit|FsCheck)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TestPackage();
}
