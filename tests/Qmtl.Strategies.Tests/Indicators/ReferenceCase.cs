using Qmtl.Data;

namespace Qmtl.Strategies.Tests;

/// <summary>An indicator with parameters, and its columns computed from the formula.</summary>
/// <param name="Indicator">The indicator's name.</param>
/// <param name="Parameters">Parameters as "name=value name=value"; those left out are at their defaults.</param>
/// <param name="Reference">The columns by name, in the order in which the indicator lists them.</param>
/// <param name="Scale">What differences are relative to where values are near zero; null for the size of the price.</param>
internal sealed record ReferenceCase(string Indicator, string Parameters, Func<Ohlcv, (string Column, double[] Values)[]> Reference, double? Scale = null)
{
    /// <summary>Asserts that the engine computes the reference on every one of these bars.</summary>
    public void Check(BarSeries bars)
    {
        var ohlcv = new Ohlcv(bars);
        var parameters = Parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=')).Select(p => (p[0], p[1])).ToArray();

        var actual = TestBars.Columns(Indicator, bars, parameters);

        var expected = Reference(ohlcv);
        Assert.Equal(expected.Select(e => e.Column), actual.Keys);
        foreach (var (column, values) in expected) TestBars.Near(values, actual[column], Scale ?? ohlcv.Close.Max());
    }

    public override string ToString() => $"{Indicator} {Parameters}".TrimEnd();
}

/// <summary>The columns of bars as arrays.</summary>
internal sealed class Ohlcv(BarSeries bars)
{
    public double[] Open { get; } = bars.FindColumn("open")!.Value.ToArray();

    public double[] High { get; } = bars.FindColumn("high")!.Value.ToArray();

    public double[] Low { get; } = bars.FindColumn("low")!.Value.ToArray();

    public double[] Close { get; } = bars.FindColumn("close")!.Value.ToArray();

    public double[] Volume { get; } = bars.FindColumn("volume")!.Value.ToArray();

    public double[] Column(string name) => bars.FindColumn(name)!.Value.ToArray();
}

/// <summary>Bars written down in a test.</summary>
internal static class GivenBars
{
    /// <summary>Bars whose four prices are all the close.</summary>
    public static BarSeries Closes(params double[] close) => Of(close, close, close);

    /// <summary>Bars with these highs, lows and closes.</summary>
    public static BarSeries Of(double[] high, double[] low, double[] close) => new(
        "X",
        [.. Enumerable.Range(0, close.Length).Select(i => i * 60L)],
        new Dictionary<string, double[]>(StringComparer.Ordinal)
        {
            ["open"] = close,
            ["high"] = high,
            ["low"] = low,
            ["close"] = close,
            ["volume"] = [.. close.Select(_ => 1.0)],
        });
}
