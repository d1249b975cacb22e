using System.Numerics;
using Qmtl.Data;

namespace Qmtl.Bench.Engine;

/// <summary>Prices bar by bar, all symbols of a bar side by side: the layout that vectors across symbols want.</summary>
/// <remarks>
/// A row is padded to whole vectors, with at least one place beyond the last symbol that repeats the first ones: there "the next symbol" of a
/// vector is the same load one place further.
/// </remarks>
internal sealed class SideBySide
{
    public SideBySide(MarketData data, int bars)
    {
        Bars = bars;
        Symbols = data.Instruments.Count;
        Stride = (Symbols / Vector<double>.Count * Vector<double>.Count) + (2 * Vector<double>.Count);
        High = Transpose(data, "high");
        Low = Transpose(data, "low");
        Close = Transpose(data, "close");
    }

    public int Bars { get; }

    public int Symbols { get; }

    /// <summary>Places from one bar to the next.</summary>
    public int Stride { get; }

    public double[] High { get; }

    public double[] Low { get; }

    public double[] Close { get; }

    private double[] Transpose(MarketData data, string column)
    {
        var values = new double[Bars * Stride];
        for (var place = 0; place < Stride; place++)
        {
            var from = data.Aligned[place % Symbols].FindColumn(column)!.Value.Span;
            for (var bar = 0; bar < Bars; bar++) values[(bar * Stride) + place] = from[bar];
        }

        return values;
    }
}
