using System.Buffers;
using Qmtl.Core;

namespace Qmtl.Runtime;

/// <summary>What an account is worth at the close of every bar, and how much of that is its position.</summary>
/// <param name="account">The account.</param>
/// <param name="closes">What it is marked at.</param>
/// <param name="bars">How many bars there will be.</param>
/// <param name="kept">Whether the curve outlives the replay. If not, its memory is borrowed until it is disposed: fresh memory costs a sweep more than what it writes there.</param>
internal sealed class ReplayCurve(Account account, PriceRows closes, int bars, bool kept) : IDisposable
{
    // Every element is written once, in order.
    private double[] _equity = kept ? GC.AllocateUninitializedArray<double>(bars) : ArrayPool<double>.Shared.Rent(bars);
    private double[] _weights = kept ? GC.AllocateUninitializedArray<double>(bars) : ArrayPool<double>.Shared.Rent(bars);

    public ReadOnlyMemory<double> Equity => _equity.AsMemory(0, bars);

    public ReadOnlyMemory<double> Weights => _weights.AsMemory(0, bars);

    /// <summary>Bars at whose close a position was held.</summary>
    public long ExposedBars { get; private set; }

    /// <summary>Records the bars from <paramref name="from"/> up to <paramref name="to"/>, between which nothing is traded; the account ends marked at the last of them.</summary>
    public void Record(int from, int to)
    {
        if (account.OpenPositions == 0)
        {
            _equity.AsSpan(from, to - from).Fill(account.Equity.ToDouble());
            _weights.AsSpan(from, to - from).Clear();
            return;
        }

        ExposedBars += to - from;
        if (account.Instruments == 1)
        {
            RecordOne(from, to);
            return;
        }

        for (var bar = from; bar < to; bar++) RecordBar(bar);
    }

    /// <summary>Values the positions at the close of a bar.</summary>
    public void Mark(int bar)
    {
        if (account.OpenPositions > 0) account.Mark(closes[bar]);
    }

    /// <summary>Takes the account's present equity for the last bar's.</summary>
    public void CorrectLast() => _equity[bars - 1] = account.Equity.ToDouble();

    public void Dispose()
    {
        if (kept || _equity.Length == 0) return;
        ArrayPool<double>.Shared.Return(_equity);
        ArrayPool<double>.Shared.Return(_weights);
        (_equity, _weights) = ([], []);
    }

    private void RecordOne(int from, int to)
    {
        var held = account[0].Quantity;
        var rest = account.Equity - (account.MarkOf(0) * held);
        var prices = closes.Column(0)[from..to];
        var done = 0;
        while (true)
        {
            done += MarkedCurve.Value(rest, held, prices[done..], _equity.AsSpan(from + done), _weights.AsSpan(from + done));
            if (done > 0) account.Mark(0, Price.FromDouble(prices[done - 1]));
            if (done == prices.Length) return;
            RecordBar(from + done++);
        }
    }

    private void RecordBar(int bar)
    {
        account.Mark(closes[bar]);
        var equity = account.Equity.ToDouble();
        _equity[bar] = equity;
        _weights[bar] = equity > 0 ? account.MarketValue.ToDouble() / equity : 0;
    }
}
