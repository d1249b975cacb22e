using System.CommandLine;
using System.Text.Json;
using Qmtl.Bench.Engine;
using Qmtl.Bench.Measuring;

namespace Qmtl.Bench.Tests;

/// <summary>The command line and the report.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    [Fact]
    public async Task Command_UnknownSuite_ListsTheKnownOnes()
    {
        var exit = await RunAsync("nonsense");

        Assert.NotEqual(0, exit);
        Assert.All(Suites.All.Keys, name => Assert.Contains(name, _error.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Command_UnknownBenchmark_ListsTheKnownOnes()
    {
        var exit = await RunAsync("engine", "--only", "A1,nonsense");

        Assert.Equal(2, exit);
        Assert.Contains("has no nonsense", _error.ToString(), StringComparison.Ordinal);
        Assert.All(EngineSuite.Benchmarks, benchmark => Assert.Contains(benchmark.Name, _error.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Measurement_AsJson_HasTheFieldsOfTheReport()
    {
        var json = Measurement.ToJson([new Measurement("A1", "bars/s", 2, 4, 0.5, 10), new Measurement("A1-memory", "MB", 3, null, null, 1)]);

        using var document = JsonDocument.Parse(json);
        Assert.Equal(["name", "unit", "value", "baseline", "ratio", "n", "runtime"], document.RootElement[0].EnumerateObject().Select(property => property.Name));
        Assert.Equal(0.5, document.RootElement[0].GetProperty("ratio").GetDouble());
        Assert.Equal(JsonValueKind.Null, document.RootElement[1].GetProperty("baseline").ValueKind);
    }

    [Theory]
    [InlineData(true, 2e9)]
    [InlineData(false, 0.5)]
    public void Unit_OfTwoItemsInANanosecond_IsARateOrATimePerItem(bool isRate, double expected)
    {
        var unit = isRate ? Unit.BarsPerSecond : Unit.Nanoseconds("item");

        // 2e9 items in a second.
        Assert.Equal(expected, unit.Of(2_000_000_000, TimeSpan.FromSeconds(1)), 12);
    }

    [Fact]
    public async Task PeakMemory_OfATinyRun_IsThatOfAProcess()
    {
        var benchmark = EngineSuite.Benchmarks.OfType<PeakMemory>().Single();

        var measured = Assert.Single(await benchmark.RunAsync(Scale.Tiny, CancellationToken.None));

        Assert.Equal("MB", measured.Unit);
        Assert.InRange(measured.Value, 10, 1_000);
    }

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    private Task<int> RunAsync(params string[] args) =>
        BenchCommand.Create(_output, _error).Parse(args).InvokeAsync(new InvocationConfiguration { Output = _output, Error = _error });
}
