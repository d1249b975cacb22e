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

    [Theory]
    [InlineData("bars/s", 10, 0.5, "must ratio >= 0.33: met; aim ratio >= 0.8: MISSED", true)]
    [InlineData("ns/node", 10, 0.01, "must <= 25: met; aim <= 10: met", false)]
    [InlineData("MB/s", 26, 0.01, "must >= 25: met; aim >= 10: met", false)]
    public void Goal_OfAMeasurement_SaysWhatIsMet(string unit, double value, double ratio, string expected, bool ofRatio)
    {
        var goal = ofRatio ? Goal.Ratio(must: 1.0 / 3, aim: 0.8) : Goal.Value(must: 25, aim: 10);

        Assert.Equal(expected, goal.Judge(new Measurement("x", unit, value, 1, ratio, 1)));
    }

    [Fact]
    public async Task StreamAllocation_SteadyState_IsNothing()
    {
        var measured = Assert.Single(await EngineSuite.Benchmarks.OfType<StreamAllocation>().Single().RunAsync(Scale.Tiny, CancellationToken.None));

        Assert.Equal(0, measured.Value);
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
