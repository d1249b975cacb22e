using System.Numerics;
using System.Runtime.InteropServices;

namespace Qmtl.Statistics;

/// <summary>Follows a curve point by point, or stretch by stretch, and remembers how it fell.</summary>
/// <param name="peak">What the first point is compared with.</param>
/// <param name="relative">Falls are fractions of the peak, otherwise differences from it.</param>
internal struct DrawdownScan(double peak, bool relative = true)
{
    // Short enough that a curve which makes a new high now and then still has most stretches below its peak.
    private const int Stretch = 64;

    private double _peak = peak;
    private double _worst;
    private double _squares;
    private int _count;
    private int _below;
    private int _streak;
    private int _longest;
    private int _peakAt = -1;
    private int _worstPeak = -1;
    private int _worstTrough = -1;
    private int? _recovery;

    public readonly DrawdownSummary Summary => _count == 0
        ? new DrawdownSummary(0, 0, 0, 0, -1, -1, null)
        : new DrawdownSummary(_worst, Math.Sqrt(_squares / _count), (double)_below / _count, _longest, _worstPeak, _worstTrough, _recovery);

    /// <summary>Goes on with the next points of the curve.</summary>
    public void Add(ReadOnlySpan<double> levels)
    {
        for (; levels.Length >= Stretch; levels = levels[Stretch..])
        {
            if (!TryAddBelowPeak(levels[..Stretch])) AddEach(levels[..Stretch]);
        }

        AddEach(levels);
    }

    /// <summary>Goes on with the next point of the curve.</summary>
    public void Add(double level)
    {
        var at = _count++;
        if (level >= _peak)
        {
            if (_worstTrough >= 0 && _recovery is null && _peakAt == _worstPeak) _recovery = at;
            (_peak, _peakAt, _streak) = (level, at, 0);
            return;
        }

        _below++;
        _longest = Math.Max(_longest, ++_streak);
        var fall = relative ? 1 - (level / _peak) : _peak - level;
        _squares += fall * fall;
        if (fall > _worst) (_worst, _worstPeak, _worstTrough, _recovery) = (fall, _peakAt, at, null);
    }

    private void AddEach(ReadOnlySpan<double> levels)
    {
        foreach (var level in levels) Add(level);
    }

    // Below the peak nothing depends on the point before, so a stretch without a new high needs no order. Not a number is not below.
    private bool TryAddBelowPeak(ReadOnlySpan<double> levels)
    {
        var vectors = MemoryMarshal.Cast<double, Vector<double>>(levels);
        var peaks = new Vector<double>(_peak);
        foreach (var level in vectors)
        {
            if (!Vector.LessThanAll(level, peaks)) return false;
        }

        var (worst, squares) = (Vector<double>.Zero, Vector<double>.Zero);
        foreach (var level in vectors)
        {
            var fall = relative ? Vector<double>.One - (level / peaks) : peaks - level;
            squares += fall * fall;
            worst = Vector.Max(worst, fall);
        }

        _squares += Vector.Sum(squares);
        if (Vector.GreaterThanAny(worst, new Vector<double>(_worst))) TakeWorst(levels);
        _count += levels.Length;
        _below += levels.Length;
        _streak += levels.Length;
        _longest = Math.Max(_longest, _streak);
        return true;
    }

    private void TakeWorst(ReadOnlySpan<double> levels)
    {
        for (var i = 0; i < levels.Length; i++)
        {
            var fall = relative ? 1 - (levels[i] / _peak) : _peak - levels[i];
            if (fall > _worst) (_worst, _worstPeak, _worstTrough, _recovery) = (fall, _peakAt, _count + i, null);
        }
    }
}
