namespace Qmtl.Bench.Engine;

/// <summary>What the baselines measure while they go: the curve, and sums from which Sharpe and drawdown follow.</summary>
internal struct EquityPass(int bars)
{
    private readonly double[] _curve = new double[bars];
    private double _last;
    private double _peak;
    private double _sum;
    private double _sumOfSquares;
    private double _maxDrawdown;

    public void Mark(int bar, double equity)
    {
        _curve[bar] = equity;
        if (bar > 0)
        {
            var change = (equity / _last) - 1;
            _sum += change;
            _sumOfSquares += change * change;
        }

        _last = equity;
        if (equity > _peak) _peak = equity;
        else _maxDrawdown = Math.Max(_maxDrawdown, 1 - (equity / _peak));
    }

    public readonly double[] Results(double barsPerYear)
    {
        var n = _curve.Length - 1;
        var mean = _sum / n;
        var deviation = Math.Sqrt((_sumOfSquares - (n * mean * mean)) / (n - 1));
        return [_curve[^1] / Crossing.Cash, mean / deviation * Math.Sqrt(barsPerYear), _maxDrawdown];
    }
}
