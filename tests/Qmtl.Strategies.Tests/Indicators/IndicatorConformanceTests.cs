using Qmtl.Testing;

namespace Qmtl.Strategies.Tests;

/// <summary>What holds for every indicator, whatever it computes.</summary>
public sealed class IndicatorConformanceTests
{
    private static readonly int[] BlockLengths = [1, 2, 3, 7, 64, 1000, 4096];

    public static TheoryData<string> Indicators => [.. IndicatorCatalog.All.Select(indicator => indicator.Name)];

    [Theory]
    [MemberData(nameof(Indicators))]
    public void Compute_AnyBlockLength_GivesTheSameBits(string name)
    {
        foreach (var bars in new IColumnSource[] { TestBars.Walk(1_500), new RandomBars(3, 1_500, book: true) }) AssertSameBits(name, bars);
    }

    [Theory]
    [MemberData(nameof(Indicators))]
    public void Compute_AnyInput_IsFiniteOrMissing(string name)
    {
        foreach (var column in Run(IndicatorCatalog.Create(name), new RandomBars(5, 700, huge: true, book: true), 128).Columns) Assert.DoesNotContain(column, double.IsInfinity);
    }

    [Theory]
    [MemberData(nameof(Indicators))]
    public void Compute_CleanBars_FirstValueComesWhereTheGraphSays(string name)
    {
        var run = Run(IndicatorCatalog.Create(name), TestBars.Walk(800), 100);

        for (var i = 0; i < run.Columns.Length; i++)
        {
            Assert.Equal(run.Warmup[i], Array.FindIndex(run.Columns[i], value => !double.IsNaN(value)));
            Assert.DoesNotContain(run.Columns[i].AsSpan(run.Warmup[i]).ToArray(), double.IsNaN);
        }
    }

    [Theory]
    [MemberData(nameof(Indicators))]
    public void Compute_AfterMissingBars_HasValuesAgain(string name)
    {
        var walk = TestBars.Walk(1_000);
        var columns = walk.ColumnNames.ToDictionary(column => column, column => walk.FindColumn(column)!.Value.ToArray(), StringComparer.Ordinal);
        foreach (var column in columns.Values) column.AsSpan(300, 5).Fill(double.NaN);

        var run = Run(IndicatorCatalog.Create(name), new Data.BarSeries("X", walk.Times.ToArray(), columns), 100);

        foreach (var column in run.Columns) Assert.False(double.IsNaN(column[^1]));
    }

    [Theory]
    [MemberData(nameof(Indicators))]
    public void Restore_StateOfAnotherRun_GoesOnWithTheSameBits(string name)
    {
        var bars = TestBars.Walk(700);
        var plan = ComputePlan.For(IndicatorCatalog.Create(name).Compile(Compute.Universe));
        var whole = new PlanOutputs(plan, bars, 64);
        var first = new PlanOutputs(plan, bars, 64, end: 333);

        var rest = new PlanOutputs(plan, bars, 64, start: 333, state: first.State);

        for (var i = 0; i < whole.Columns.Length; i++) Assert.True(Same(whole.Columns[i].AsSpan(333), rest.Columns[i].AsSpan(333)));
    }

    [RequiresFact(Needs.MarketData)]
    public void Compute_RealBars_AnyBlockLengthGivesTheSameBits()
    {
        foreach (var file in new[] { "crypto/1m/BTC-PERP.csv", "equity/1d/SPY.csv" })
        {
            var bars = TestBars.Real(file, 2_000);
            foreach (var indicator in IndicatorCatalog.All) AssertSameBits(indicator.Name, bars);
        }
    }

    private static void AssertSameBits(string name, IColumnSource bars)
    {
        var stream = Run(IndicatorCatalog.Create(name), bars, 1);
        foreach (var length in BlockLengths)
        {
            var blocks = Run(IndicatorCatalog.Create(name), bars, length);
            for (var i = 0; i < stream.Columns.Length; i++) Assert.True(Same(stream.Columns[i], blocks.Columns[i]), $"{name} differs in blocks of {length}");
            Assert.True(stream.State.AsSpan().SequenceEqual(blocks.State), $"{name} remembers something else after blocks of {length}");
        }
    }

    private static PlanOutputs Run(Indicator indicator, IColumnSource bars, int blockLength) => new(ComputePlan.For(indicator.Compile(Compute.Universe)), bars, blockLength);

    private static bool Same(ReadOnlySpan<double> a, ReadOnlySpan<double> b) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(a).SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.AsBytes(b));

    /// <summary>Runs a plan over bars and keeps its outputs.</summary>
    private sealed class PlanOutputs
    {
        public PlanOutputs(ComputePlan plan, IColumnSource bars, int blockLength, int start = 0, int? end = null, byte[]? state = null)
        {
            var run = plan.Start(blockLength);
            if (state is not null) run.Restore(state);
            var binding = ColumnBinding.Bind(plan, [bars]);
            var outputs = plan.Graph.Outputs;
            Columns = [.. outputs.Select(_ => new double[bars.Count])];
            Warmup = [.. outputs.Select(output => plan.Graph.Ordered[output.Index].Warmup)];
            for (var at = start; at < (end ?? bars.Count); at += blockLength)
            {
                var length = Math.Min(blockLength, (end ?? bars.Count) - at);
                binding.Load(run, at, length);
                run.Process(length);
                for (var i = 0; i < Columns.Length; i++) run.Values(outputs[i].Index)[..length].CopyTo(Columns[i].AsSpan(at));
            }

            State = run.State.ToArray();
        }

        public double[][] Columns { get; }

        public int[] Warmup { get; }

        public byte[] State { get; }
    }
}
