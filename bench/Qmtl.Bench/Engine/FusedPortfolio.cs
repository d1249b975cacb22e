using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Qmtl.Bench.Engine;

/// <summary>The baseline of B: all eight nodes in one hand-written loop over the bars, vectors across symbols, running sums.</summary>
/// <remarks>Prices are taken from the first close, so that the sums of squares keep their digits; beyond that nothing is done against drift.</remarks>
internal sealed class FusedPortfolio
{
    private const int Window = 20, CorrelationWindow = 30, Wilder = 14;
    private static readonly int Width = Vector<double>.Count;

    private readonly SideBySide _market;
    private readonly double[] _sum, _squares, _sum30, _squares30, _products30, _ema, _gain, _loss, _atr, _sma, _rsi, _score, _correlation, _rank, _weight;
    private readonly double[] _weights;

    public FusedPortfolio(SideBySide market)
    {
        _market = market;
        // Room for the load of "the next symbol" behind the last vector.
        double[] State() => new double[market.Stride + Width];
        (_sum, _squares, _sum30, _squares30, _products30) = (State(), State(), State(), State(), State());
        (_ema, _gain, _loss, _atr, _sma, _rsi, _score, _correlation, _rank, _weight) = (State(), State(), State(), State(), State(), State(), State(), State(), State(), State());
        _weights = new double[market.Bars * market.Symbols];
    }

    public double[] Run()
    {
        for (var bar = 0; bar < _market.Bars; bar++)
        {
            for (var s = 0; s < _market.Symbols; s += Width)
            {
                Averages(bar, s);
                Movement(bar, s);
            }

            // The places behind the last symbol are the first symbols again, and their sums are computed too: the next symbol is one place on.
            if (_market.Symbols % Width == 0) Averages(bar, _market.Symbols);
            if (bar < CorrelationWindow - 1) continue;
            for (var s = 0; s < _market.Symbols; s += Width) Decide(s);
            _weight.AsSpan(0, _market.Symbols).CopyTo(_weights.AsSpan(bar * _market.Symbols));
        }

        return Results();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<double> Load(double[] from, int at) => Vector.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(from), (nuint)at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector<double> value, double[] to, int at) => value.StoreUnsafe(ref MemoryMarshal.GetArrayDataReference(to), (nuint)at);

    private void Averages(int bar, int s)
    {
        var close = _market.Close;
        var at = (bar * _market.Stride) + s;
        var (origin, nextOrigin) = (Load(close, s), Load(close, s + 1));
        var price = Load(close, at);
        var x = price - origin;
        var y = Load(close, at + 1) - nextOrigin;
        var (sum, squares) = (Load(_sum, s) + x, Load(_squares, s) + (x * x));
        var (sum30, squares30, products30) = (Load(_sum30, s) + x, Load(_squares30, s) + (x * x), Load(_products30, s) + (x * y));
        if (bar >= Window)
        {
            var old = Load(close, at - (Window * _market.Stride)) - origin;
            sum -= old;
            squares -= old * old;
        }

        if (bar >= CorrelationWindow)
        {
            var old = Load(close, at - (CorrelationWindow * _market.Stride)) - origin;
            var oldNext = Load(close, at - (CorrelationWindow * _market.Stride) + 1) - nextOrigin;
            sum30 -= old;
            squares30 -= old * old;
            products30 -= old * oldNext;
        }

        Store(sum, _sum, s);
        Store(squares, _squares, s);
        Store(sum30, _sum30, s);
        Store(squares30, _squares30, s);
        Store(products30, _products30, s);
        if (bar < Window - 1) return;
        var mean = sum * (1.0 / Window);
        Store(mean + origin, _sma, s);
        var ema = Load(_ema, s);
        Store(bar == Window - 1 ? mean + origin : ema + ((price - ema) * (2.0 / (Window + 1))), _ema, s);
        Store((x - mean) / Vector.SquareRoot((squares * (1.0 / Window)) - (mean * mean)), _score, s);
    }

    private void Movement(int bar, int s)
    {
        var at = (bar * _market.Stride) + s;
        var (high, low) = (Load(_market.High, at), Load(_market.Low, at));
        var range = high - low;
        if (bar > 0)
        {
            var before = Load(_market.Close, at - _market.Stride);
            range = Vector.Max(range, Vector.Max(Vector.Abs(high - before), Vector.Abs(low - before)));
            var change = Load(_market.Close, at) - before;
            Store(Smooth(_gain, s, Vector.Max(change, Vector<double>.Zero), bar - 1), _gain, s);
            Store(Smooth(_loss, s, Vector.Max(-change, Vector<double>.Zero), bar - 1), _loss, s);
        }

        Store(Smooth(_atr, s, range, bar), _atr, s);
        if (bar >= Wilder) Store(Load(_gain, s) * 100 / (Load(_gain, s) + Load(_loss, s)), _rsi, s);
    }

    // The sum of the first n, then their mean, then Wilder's smoothing.
    private static Vector<double> Smooth(double[] state, int s, Vector<double> value, int seen)
    {
        var last = Load(state, s);
        if (seen >= Wilder) return last + ((value - last) * (1.0 / Wilder));
        return seen == Wilder - 1 ? (last + value) * (1.0 / Wilder) : last + value;
    }

    private void Decide(int s)
    {
        const double N = CorrelationWindow;
        var (x, y) = (Load(_sum30, s), Load(_sum30, s + 1));
        var (xx, yy) = ((Load(_squares30, s) * N) - (x * x), (Load(_squares30, s + 1) * N) - (y * y));
        var correlation = ((Load(_products30, s) * N) - (x * y)) / Vector.SquareRoot(xx * yy);
        Store(correlation, _correlation, s);

        var score = Load(_score, s);
        var (smaller, equal) = (Vector<long>.Zero, Vector<long>.Zero);
        for (var other = 0; other < _market.Symbols; other++)
        {
            var its = new Vector<double>(_score[other]);
            smaller -= Vector.LessThan(its, score);
            equal -= Vector.Equals(its, score);
        }

        var rank = (Vector.ConvertToDouble(smaller) + ((Vector.ConvertToDouble(equal) - Vector<double>.One) * 0.5)) * (1.0 / (_market.Symbols - 1));
        Store(rank, _rank, s);
        var hold = Vector.GreaterThan(Load(_ema, s), Load(_sma, s)) & Vector.GreaterThan(Load(_rsi, s), new Vector<double>(Portfolio.MiddleRsi))
            & Vector.GreaterThan(rank, new Vector<double>(Portfolio.StrongRank)) & Vector.LessThan(correlation, new Vector<double>(Portfolio.HighCorrelation));
        Store(Vector.ConditionalSelect(hold, Vector<double>.One / Load(_atr, s), Vector<double>.Zero), _weight, s);
    }

    private double[] Results()
    {
        var results = new double[(_market.Symbols * Portfolio.Nodes) + 1];
        for (var s = 0; s < _market.Symbols; s++)
        {
            double[] last = [_sma[s], _ema[s], _rsi[s], _atr[s], _score[s], _correlation[s], _rank[s], _weight[s]];
            last.CopyTo(results, s * Portfolio.Nodes);
        }

        foreach (var weight in _weights) results[^1] += weight;
        return results;
    }
}
