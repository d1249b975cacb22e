using System.Globalization;

namespace Qmtl.Strategies.Tests;

/// <summary>Indicators against figures that TA-Lib computed on the same bars: a library nobody here wrote.</summary>
/// <remarks>
/// The figures are from its C code, at bars where differing first values (MACD, ATR, ADX, the Chaikin oscillator) have faded. Left out is what it defines
/// otherwise: OBV begins with the first volume there, CMO smooths as Wilder does.
/// </remarks>
public sealed class TaLibTests
{
    private static readonly Figure[] Figures =
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Indicators", "talib.csv")).Skip(1).Select(line => line.Split(','))
            .Select(cells => new Figure(cells[0], cells[1], cells[2], int.Parse(cells[3], CultureInfo.InvariantCulture), double.Parse(cells[4], CultureInfo.InvariantCulture))),
    ];

    public static TheoryData<string> Indicators => [.. Figures.Select(figure => figure.Indicator).Distinct(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Indicators))]
    public void Compute_SameBars_EqualsTaLib(string name)
    {
        var bars = TestBars.Walk(2_000, seed: 7);

        foreach (var figure in Figures.Where(figure => figure.Indicator == name))
        {
            var value = TestBars.Columns(name, bars, Parameters(figure.Parameters))[figure.Column][figure.Bar];
            Assert.True(
                Math.Abs(value - figure.Value) <= 1e-9 * Math.Max(Math.Abs(figure.Value), 1e-3), $"{name} {figure.Column} at bar {figure.Bar}: TA-Lib {figure.Value:R}, was {value:R}");
        }
    }

    private static (string, string)[] Parameters(string text) =>
        [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).Select(pair => (pair[0], pair[1]))];

    private sealed record Figure(string Indicator, string Parameters, string Column, int Bar, double Value);
}
