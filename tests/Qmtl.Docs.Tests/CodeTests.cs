using Qmtl.Data;
using Qmtl.Runtime;
using Qmtl.Strategies;

namespace Qmtl.Docs.Tests;

/// <summary>Code and policies that documents show are code that compiles and policies that are accepted.</summary>
[Collection(nameof(RunningStack))]
public sealed class CodeTests(RunningStack stack)
{
    private static readonly string[] Compiled = ["tests/Qmtl.Docs.Tests/Snippets", "samples"];

    [Fact]
    public void CSharp_IsPartOfAFileThatCompiles()
    {
        string[][] files = [.. Compiled.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Documents.Root, folder), "*.cs", SearchOption.AllDirectories)).Select(Lines)];
        var blocks = Documents.Blocks(Documents.Pages, "csharp").ToArray();
        Assert.NotEmpty(blocks);

        var strangers = blocks.Where(block => !Array.Exists(files, file => Holds(file, [.. block.Lines]))).Select(block => $"{block} is in no file of {string.Join(" or ", Compiled)}");

        Assert.Empty(strangers);
    }

    [Fact]
    public void ShownStrategies_Trade()
    {
        var data = MarketData.Of(SyntheticBars.Generate(new SyntheticOptions { Count = 2_000 }));

        Strategy[] shown = [new Trend(), new CloseStrength()];

        Assert.All(shown, strategy => Assert.True(new KernelReplay().Run(strategy, data, new ReplayOptions()).Trades > 0, $"{strategy.Name} never traded."));
    }

    [Fact]
    public async Task Yaml_IsAPolicyThatWorldServiceAccepts()
    {
        var policies = Documents.Blocks(Documents.All, "yaml").Select(block => (Name: block.ToString(), block.Text))
            .Concat(Directory.EnumerateFiles(Path.Combine(Documents.Root, "samples/worlds"), "*.yaml").Select(path => (Name: path, Text: File.ReadAllText(path)))).ToArray();
        Assert.True(policies.Length >= 3);

        foreach (var (name, text) in policies)
        {
            var (status, body) = await stack.PostAsync("worlds/docs/policies", text, "application/yaml");
            Assert.True(status == 201, $"{name} was answered with {status}: {body}");
        }
    }

    private static string[] Lines(string path) => [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0)];

    private static bool Holds(string[] file, string[] wanted) =>
        Enumerable.Range(0, Math.Max(0, file.Length - wanted.Length + 1)).Any(start => file.AsSpan(start, wanted.Length).SequenceEqual(wanted));
}
