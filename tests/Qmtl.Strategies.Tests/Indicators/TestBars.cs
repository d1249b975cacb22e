using Qmtl.Data;
using Qmtl.Testing;

namespace Qmtl.Strategies.Tests;

/// <summary>Bars to check indicators on.</summary>
internal static class TestBars
{
    /// <summary>A reproducible random walk with plausible open, high, low, close and volume.</summary>
    public static BarSeries Walk(int count = 600, ulong seed = 7) =>
        SyntheticBars.Generate(new SyntheticOptions { Instrument = "X", Count = count, Seed = seed, Volatility = 0.01 });

    /// <summary>Real bars: a file below the folder of market data, such as "crypto/1m/BTC-PERP.csv".</summary>
    public static BarSeries Real(string file, int count = 5_000)
    {
        var all = CsvBars.ReadFile(Path.Combine(Machine.MarketDataFolder!, file))[0];
        var names = all.ColumnNames;
        return new BarSeries(
            "X", all.Times[..Math.Min(count, all.Count)].ToArray(),
            names.ToDictionary(name => name, name => all.FindColumn(name)!.Value.Span[..Math.Min(count, all.Count)].ToArray(), StringComparer.Ordinal));
    }

    /// <summary>The columns of an indicator by name.</summary>
    public static Dictionary<string, double[]> Columns(string indicator, IColumnSource bars, params (string Name, string Value)[] parameters) =>
        IndicatorCatalog.Create(indicator).With(parameters.ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal))
            .Compute(bars, 60).ToDictionary(column => column.Name, column => column.Values, StringComparer.Ordinal);

    /// <summary>Asserts that two columns are missing in the same places and equal to 1e-9 relative elsewhere.</summary>
    /// <param name="expected">The reference.</param>
    /// <param name="actual">What the engine computed.</param>
    /// <param name="scale">What a difference is relative to where the values themselves are near zero.</param>
    public static void Near(IReadOnlyList<double> expected, IReadOnlyList<double> actual, double scale = 1e-3)
    {
        Assert.Equal(expected.Count, actual.Count);
        for (var i = 0; i < expected.Count; i++)
        {
            if (double.IsNaN(expected[i]) != double.IsNaN(actual[i])) Assert.Fail($"bar {i}: expected {expected[i]:R}, was {actual[i]:R}");
            if (double.IsNaN(expected[i])) continue;
            var off = Math.Abs(expected[i] - actual[i]) / Math.Max(Math.Abs(expected[i]), scale);
            if (off > 1e-9) Assert.Fail($"bar {i}: expected {expected[i]:R}, was {actual[i]:R}, off by {off:E2}");
        }
    }
}
