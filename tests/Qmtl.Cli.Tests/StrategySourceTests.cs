using Qmtl.Strategies;

namespace Qmtl.Cli.Tests;

/// <summary>A strategy that a user might have in an assembly.</summary>
public sealed class HoldHalf : Strategy
{
    private readonly Param<double> _share = Param("share", 0.5, 0, 1);

    protected override void Build(StrategyBuilder s) => s.Target(s.Price(), _share.Value);
}

public sealed class StrategySourceTests : IDisposable
{
    private static readonly string Assembly = typeof(HoldHalf).Assembly.Location;
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Backtest_TypeInAnAssembly_RunsWithItsParameters()
    {
        var csv = _scratch.File("a.csv");
        await Command.JsonAsync("data", "generate", "--out", csv, "--bars", "200");

        var result = await Command.JsonAsync("backtest", $"{Assembly}:Qmtl.Cli.Tests.HoldHalf", "--csv", csv, "--param", "share=0.25", "--sizing", "target");

        Assert.Equal(("HoldHalf", "0.25"), (result.GetProperty("strategy").GetString(), result.GetProperty("params").GetProperty("share").GetString()));
        Assert.Equal(1, result.GetProperty("fills").GetInt32());
    }

    [Theory]
    [InlineData(":Qmtl.Cli.Tests.HoldHalve", "did you mean Qmtl.Cli.Tests.HoldHalf?")]
    [InlineData(":Qmtl.Cli.Tests.Scratch", "is no strategy")]
    public async Task Backtest_TypeThatIsNoStrategy_SaysWhatThereIs(string type, string problem)
    {
        var ran = await Command.RunAsync("backtest", Assembly + type, "--csv", "x");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains(problem, ran.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backtest_FileThatIsNoAssembly_SaysSo()
    {
        var file = _scratch.Write("x.dll", "text");

        var ran = await Command.RunAsync("backtest", file, "--csv", "x");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("it cannot be loaded", ran.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backtest_ProjectFolder_IsBuiltAndRun()
    {
        var reference = typeof(Strategy).Assembly.Location;
        var project = Directory.CreateDirectory(_scratch.File("mine")).FullName;
        await File.WriteAllTextAsync(Path.Combine(project, "mine.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
              <ItemGroup><Reference Include="{reference}" Private="false" /></ItemGroup>
            </Project>
            """);
        var source = Path.Combine(project, "Mine.cs");
        await File.WriteAllTextAsync(source, "public sealed class Mine : Qmtl.Strategies.Strategy { protected override void Build(Qmtl.Strategies.StrategyBuilder s) => s.Target(s.Price(), 1.0); }");
        var csv = _scratch.File("a.csv");
        await Command.JsonAsync("data", "generate", "--out", csv, "--bars", "50");

        var built = await Command.JsonAsync("backtest", project, "--csv", csv);
        await File.WriteAllTextAsync(source, "this is not C#");
        var broken = await Command.RunAsync("backtest", project, "--csv", csv);

        Assert.Equal("Mine", built.GetProperty("strategy").GetString());
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("Mine.cs(1,", broken.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_SeveralStrategiesInABuiltFolder_SuggestsTheFolder()
    {
        var refusal = Assert.Throws<Qmtl.Identity.RefusalException>(() => StrategySources.StrategyAssembly.Create(Assembly, "mine", typeName: null));

        Assert.StartsWith("mine has several strategies; name one as mine:Qmtl.Cli.Tests.HoldHalf.", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backtest_FolderWithoutProject_SaysSo()
    {
        var ran = await Command.RunAsync("backtest", _scratch.Path, "--csv", "x");

        Assert.Equal(1, ran.ExitCode);
        Assert.Contains("has no project", ran.Error, StringComparison.Ordinal);
    }
}
