using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Statistics;

/// <summary>Mean and deviations of the returns of an equity curve, gathered stretch by stretch while it is in the cache.</summary>
/// <remarks>
/// Each stretch has its own mean and squared deviations; they are merged by the pairwise update of Chan, Golub and LeVeque (1979), so that nothing is
/// subtracted that is large compared with the result. The sums of the stretches are added with compensation.
/// </remarks>
internal struct ReturnScan
{
    /// <summary>Returns taken at once.</summary>
    public const int Stretch = 512;

    private double _sum;
    private double _lost;
    private double _mean;
    private double _squares;
    private double _downside;
    private double _first;
    private bool _varies;

    /// <summary>How many returns there were.</summary>
    public int Count { get; private set; }

    /// <summary>False when a return was undefined: from equity that is not above zero, or beyond the range of a double.</summary>
    public readonly bool IsFinite => double.IsFinite(_sum) && double.IsFinite(_squares);

    /// <summary>Σr / n; null without returns.</summary>
    public readonly double? Mean => Count == 0 ? null : (_sum + _lost) / Count;

    /// <summary>√(Σ(r − mean)² / (n − 1)); null below two returns. A constant return has none, whatever its sum was rounded to.</summary>
    public readonly double? SampleDeviation => Count < 2 ? null : _varies ? Math.Sqrt(_squares / (Count - 1)) : 0;

    /// <summary>√(Σ min(r, 0)² / n); null without returns.</summary>
    public readonly double? DownsideDeviation => Count == 0 ? null : Math.Sqrt(_downside / Count);

    /// <summary>Goes on with the returns between the points of <paramref name="equity"/>, of which the first ended the stretch before.</summary>
    /// <param name="equity">At most <see cref="Stretch"/> + 1 points.</param>
    public void Add(ReadOnlySpan<double> equity)
    {
        if (equity.Length < 2) return;
        Span<double> buffer = stackalloc double[Stretch];
        var returns = buffer[..(equity.Length - 1)];
        EquityStatistics.Returns(equity, returns);
        if (Count == 0) _first = returns[0];
        _varies |= returns.ContainsAnyExcept(_first);

        var sum = Sum(returns);
        var mean = sum / returns.Length;
        var (squares, downside) = Deviations(returns, mean);
        var distance = mean - _mean;
        var total = Count + returns.Length;
        _squares += squares + (distance * distance * Count * returns.Length / total);
        _mean += distance * returns.Length / total;
        _downside += downside;
        Count = total;
        AddCompensated(sum);
    }

    private void AddCompensated(double sum)
    {
        var next = _sum + sum;
        _lost += Math.Abs(_sum) >= Math.Abs(sum) ? _sum - next + sum : sum - next + _sum;
        _sum = next;
    }

    private static double Sum(ReadOnlySpan<double> values)
    {
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values);
        Vector<double> a = default, b = default;
        var i = 0;
        for (; i + 1 < vectors.Length; i += 2)
        {
            a += vectors[i];
            b += vectors[i + 1];
        }

        var sum = Vector.Sum(a + b);
        foreach (var value in values[(i * Vector<double>.Count)..]) sum += value;
        return sum;
    }

    private static (double Squares, double Downside) Deviations(ReadOnlySpan<double> values, double mean)
    {
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(values);
        var means = new Vector<double>(mean);
        Vector<double> squares = default, downsides = default, rests = default;
        foreach (var value in vectors)
        {
            var (deviation, loss) = (value - means, Vector.MinNative(value, Vector<double>.Zero));
            squares += deviation * deviation;
            rests += deviation;
            downsides += loss * loss;
        }

        var (square, downside, rest) = (Vector.Sum(squares), Vector.Sum(downsides), Vector.Sum(rests));
        foreach (var value in values[(vectors.Length * Vector<double>.Count)..])
        {
            var (deviation, loss) = (value - mean, Math.Min(value, 0));
            square += deviation * deviation;
            rest += deviation;
            downside += loss * loss;
        }

        // What the rounded mean is off by shows in the sum of the deviations.
        return (square - (rest * rest / values.Length), downside);
    }
}
