namespace Qmtl.Strategies.Tests;

/// <summary>Runs one expression over made-up bars.</summary>
internal static class Compute
{
    public static readonly Universe Universe = new(["X"], 60);

    /// <summary>A builder for expressions that need one; it keeps nothing that matters here.</summary>
    public static StrategyBuilder Builder => new("test", Universe);

    public static ComputePlan PlanOf(Func<PriceSeries, Series> expression) => ComputePlan.For(GraphOf(expression));

    public static StrategyGraph GraphOf(Func<PriceSeries, Series> expression)
    {
        var builder = new StrategyBuilder("test", Universe);
        builder.Output("y", expression(builder.Price()));
        return builder.ToGraph();
    }

    public static double[] Values(Func<PriceSeries, Series> expression, IColumnSource bars) => InBlocks(PlanOf(expression), bars, [bars.Count]).Values;

    public static (double[] Values, byte[] State) InBlocks(ComputePlan plan, IColumnSource bars, IEnumerable<int> lengths)
    {
        var run = plan.Start(Math.Max(bars.Count, 64));
        return (Drive(plan, run, bars, lengths), run.State.ToArray());
    }

    public static double[] Continue(ComputePlan plan, IColumnSource bars, byte[] state)
    {
        var run = plan.Start(bars.Count);
        run.Restore(state);
        return Drive(plan, run, bars, [bars.Count]);
    }

    private static double[] Drive(ComputePlan plan, PlanRun run, IColumnSource bars, IEnumerable<int> lengths)
    {
        var binding = ColumnBinding.Bind(plan, [bars]);
        var values = new double[bars.Count];
        var start = 0;
        foreach (var wanted in lengths)
        {
            var length = Math.Min(wanted, bars.Count - start);
            if (length == 0) break;
            binding.Load(run, start, length);
            run.Process(length);
            run.Values(plan.Graph.Outputs[0].Index)[..length].CopyTo(values.AsSpan(start));
            start += length;
        }

        return values;
    }
}

/// <summary>Random columns with repeated values and missing ones.</summary>
internal sealed class RandomBars : IColumnSource
{
    private readonly Dictionary<string, double[]> _columns;

    public RandomBars(int seed, int count, bool huge = false, double missing = 0.03, bool book = false)
    {
        var random = new Random(seed);
        Count = count;
        string[] names = ["open", "high", "low", "close", "volume", .. book ? TestBars.BookColumns : []];
        _columns = names.ToDictionary(
            name => name,
            _ => Enumerable.Range(0, count).Select(_ => random.NextDouble() < missing ? double.NaN
                : huge ? (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-300, 308))
                : random.Next(3) == 0 ? random.Next(-3, 4) : (random.NextDouble() * 200) - 100).ToArray(),
            StringComparer.Ordinal);
    }

    private RandomBars(Dictionary<string, double[]> columns, int count)
    {
        _columns = columns;
        Count = count;
    }

    public string Instrument => "X";

    public int Count { get; }

    public ReadOnlySpan<long> Times => BarTimes.EveryMinute(Count);

    public IReadOnlyCollection<string> ColumnNames => _columns.Keys;

    public double[] this[string name] => _columns[name];

    public ReadOnlyMemory<double>? FindColumn(string name) => _columns.TryGetValue(name, out var column) ? (ReadOnlyMemory<double>?)column : null;

    public RandomBars Take(int count) => new(_columns.ToDictionary(c => c.Key, c => c.Value[..count], StringComparer.Ordinal), count);

    public RandomBars Rows(int[] rows) => new(_columns.ToDictionary(c => c.Key, c => Array.ConvertAll(rows, row => c.Value[row]), StringComparer.Ordinal), rows.Length);

    public RandomBars Then(RandomBars next) =>
        new(_columns.ToDictionary(c => c.Key, c => (double[])[.. c.Value, .. next[c.Key]], StringComparer.Ordinal), Count + next.Count);

    public RandomBars Skip(int count) => new(_columns.ToDictionary(c => c.Key, c => c.Value[count..], StringComparer.Ordinal), Count - count);
}

/// <summary>Times for bars whose times do not matter.</summary>
internal static class BarTimes
{
    public static long[] EveryMinute(int count) => [.. Enumerable.Range(0, count).Select(i => i * 60_000_000_000L)];
}
