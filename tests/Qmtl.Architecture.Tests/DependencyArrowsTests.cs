namespace Qmtl.Architecture.Tests;

/// <summary>Dependencies point one way; a reference that turns an arrow around fails here.</summary>
public sealed class DependencyArrowsTests
{
    private static readonly string[] Foundation = ["Qmtl.Core", "Qmtl.Identity", "Qmtl.Statistics"];
    private static readonly string[] ServiceBase = ["Qmtl.Protos", "Qmtl.Identity", "Qmtl.Statistics", "Qmtl.ServiceDefaults", "Qmtl.Storage", "Qmtl.Messaging"];

    /// <summary>What each project may name. A project missing here may not exist.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Qmtl.Core"] = [],
        ["Qmtl.Identity"] = [],
        ["Qmtl.Statistics"] = ["Qmtl.Identity"],
        ["Qmtl.Protos"] = [],
        ["Qmtl.Strategies"] = Foundation,
        ["Qmtl.Data"] = [.. Foundation, "Qmtl.Strategies"],
        ["Qmtl.Runtime"] = [.. Foundation, "Qmtl.Strategies", "Qmtl.Data"],
        ["Qmtl.Client"] = [.. Foundation, "Qmtl.Strategies", "Qmtl.Data", "Qmtl.Runtime", "Qmtl.Protos"],
        ["Qmtl.Cli"] = [.. Foundation, "Qmtl.Strategies", "Qmtl.Data", "Qmtl.Runtime", "Qmtl.Protos", "Qmtl.Client", "Qmtl.Standalone"],
        // Benchmarks measure what users call, and nothing refers to them.
        ["Qmtl.Bench"] = [.. Foundation, "Qmtl.Strategies", "Qmtl.Data", "Qmtl.Runtime", "Qmtl.Client", "Qmtl.WorldService", "Qmtl.DagManager", "Qmtl.Standalone", "Qmtl.Testing"],
        ["Qmtl.ServiceDefaults"] = ["Qmtl.Protos", "Qmtl.Identity"],
        ["Qmtl.Storage"] = ["Qmtl.Identity"],
        ["Qmtl.Messaging"] = ["Qmtl.Identity", "Qmtl.Storage"],
        ["Qmtl.WorldService"] = ServiceBase,
        ["Qmtl.Gateway"] = ServiceBase,
        ["Qmtl.DagManager"] = ServiceBase,
        ["Qmtl.Dashboard"] = ["Qmtl.Protos", "Qmtl.Identity", "Qmtl.ServiceDefaults"],
        ["Qmtl.Standalone"] = [.. ServiceBase, "Qmtl.WorldService", "Qmtl.Gateway", "Qmtl.DagManager", "Qmtl.Dashboard", "Qmtl.Client"],
        // Resources: the application host starts them, it does not link them.
        ["Qmtl.AppHost"] = ["Qmtl.WorldService", "Qmtl.Gateway", "Qmtl.DagManager", "Qmtl.Dashboard", "Qmtl.Standalone", "SmaCross", "Breakout"],
    };

    /// <summary>Product projects, one a row.</summary>
    public static TheoryData<string> Projects => [.. SourceTree.Products.Keys.Where(name => SourceTree.Area(SourceTree.Products[name].Path) != "samples")];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_NamesOnlyWhatTheArrowsAllow(string name)
    {
        Assert.True(Allowed.TryGetValue(name, out var allowed), $"{name} has no arrows declared; add it to {nameof(Allowed)} on purpose.");

        var forbidden = SourceTree.Products[name].References.Except(allowed!, StringComparer.Ordinal);

        Assert.Empty(forbidden);
    }

    [Fact]
    public void Standalone_IsReferencedOnlyByHostsOfTheWholeStack()
    {
        var users = SourceTree.Products.Values.Where(project => project.References.Contains("Qmtl.Standalone")).Select(project => SourceTree.Area(project.Path) == "samples" ? "samples" : project.Name);

        Assert.Subset(new HashSet<string>(["Qmtl.Cli", "Qmtl.AppHost", "Qmtl.Bench", "samples"], StringComparer.Ordinal), users.ToHashSet(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Qmtl.Core")]
    [InlineData("Qmtl.Identity")]
    public void PureProject_UsesTheBaseClassLibraryOnly(string name) => Assert.Empty(SourceTree.Products[name].Packages);

    [Fact]
    public void Arrows_DescribeTheTreeAsItIs()
    {
        Assert.True(SourceTree.Products.Count >= 15, $"Only {SourceTree.Products.Count} product projects were found below {SourceTree.Root}.");
    }
}
