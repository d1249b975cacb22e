using Qmtl.Data;
using Qmtl.Testing;

namespace Qmtl.Strategies.Tests;

/// <summary>Bars to check indicators on.</summary>
internal static class TestBars
{
    /// <summary>How many levels each side of the made-up order book has.</summary>
    public const int BookLevels = 5;

    /// <summary>The columns of that book.</summary>
    public static IEnumerable<string> BookColumns =>
        ["bid", "ask", .. Enumerable.Range(1, BookLevels).SelectMany(level => new[] { $"bid_size_{level}", $"ask_size_{level}" })];

    /// <summary>A reproducible random walk with plausible open, high, low, close, volume and order book.</summary>
    public static BarSeries Walk(int count = 600, ulong seed = 7) =>
        WithBook(SyntheticBars.Generate(new SyntheticOptions { Instrument = "X", Count = count, Seed = seed, Volatility = 0.01 }));

    /// <summary>Real bars: a file below the folder of market data, such as "crypto/1m/BTC-PERP.csv".</summary>
    public static BarSeries Real(string file, int count = 5_000)
    {
        var all = CsvBars.ReadFile(Path.Combine(Machine.MarketDataFolder!, file))[0];
        var names = all.ColumnNames;
        return WithBook(new BarSeries(
            "X", all.Times[..Math.Min(count, all.Count)].ToArray(),
            names.ToDictionary(name => name, name => all.FindColumn(name)!.Value.Span[..Math.Min(count, all.Count)].ToArray(), StringComparer.Ordinal)));
    }

    /// <summary>The same bars with a made-up order book around the close: sizes from 0 to 99, some levels and now and then a whole side empty.</summary>
    private static BarSeries WithBook(BarSeries bars)
    {
        var random = new Random(bars.Count);
        var columns = bars.ColumnNames.ToDictionary(name => name, name => bars.FindColumn(name)!.Value.ToArray(), StringComparer.Ordinal);
        foreach (var name in BookColumns) columns[name] = [.. Enumerable.Range(0, bars.Count).Select(_ => (double)Math.Max(random.Next(-10, 100), 0))];
        for (var i = 0; i < bars.Count; i++)
        {
            var (close, half) = (columns["close"][i], 0.0005 * random.Next(1, 4));
            (columns["bid"][i], columns["ask"][i]) = (close * (1 - half), close * (1 + half));
            // The micro-price of an empty best level is missing; what is tested over all indicators is clean bars.
            columns["ask_size_1"][i]++;
        }

        return new BarSeries(bars.Instrument, bars.Times.ToArray(), columns);
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
