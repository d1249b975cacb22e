using Qmtl.Core;
using Qmtl.Data;

namespace Qmtl.Runtime;

/// <summary>A price column of all instruments on the integer grid, bar by bar: the prices of a bar lie side by side.</summary>
/// <remarks>
/// Data comes column by column, an account is marked bar by bar. A few bars are turned at once, so that what is read and written stays in the cache.
/// Reading one bar alone would wait for memory each time; a run of them does not.
/// </remarks>
internal sealed class PriceRows
{
    private const int BarsAtOnce = 64, BarsOfOneAtOnce = 256, AtOnce = 8;

    // A price that is refused only when a bar needs it: data may well have one before the first position is opened.
    private static readonly Price Refused = new(-1);

    private readonly MarketData _data;
    private readonly string _column;
    private readonly ReadOnlyMemory<double>[] _columns;
    private readonly Price[] _converted;
    private readonly Price[] _rows;
    private readonly int _stride;
    private readonly int _bars;
    private int _from;
    private int _to;
    private bool _anyRefused;

    public PriceRows(MarketData data, string column)
    {
        _data = data;
        _column = column;
        _columns = [.. data.Aligned.Select(series => series.FindColumn(column)!.Value)];
        _bars = _columns.Length == 1 ? BarsOfOneAtOnce : BarsAtOnce;
        _converted = _columns.Length == 1 ? [] : new Price[BarsAtOnce * AtOnce];
        // Rows a power of two apart would all compete for the same few cache lines.
        _stride = _columns.Length == 1 ? 1 : _columns.Length + 8;
        _rows = new Price[_stride * _bars];
    }

    /// <summary>The column of an instrument as it was given.</summary>
    public ReadOnlySpan<double> Column(int instrument) => _columns[instrument].Span;

    /// <summary>The prices of a bar, one per instrument; zero ticks for a missing one.</summary>
    /// <exception cref="Identity.RefusalException">A price is not above zero, or too large for the grid.</exception>
    public ReadOnlySpan<Price> this[int bar]
    {
        get
        {
            if (bar < _from || bar >= _to) Turn(bar);
            var row = _rows.AsSpan((bar - _from) * _stride, _columns.Length);
            if (_anyRefused && row.IndexOf(Refused) is >= 0 and var instrument)
                throw ReplayRefusal.Price(_data.Instruments[instrument], _column, Column(instrument)[bar], _data.Times[bar]);
            return row;
        }
    }

    private void Turn(int bar)
    {
        _from = bar;
        _to = Math.Min(bar + _bars, _data.Count);
        _anyRefused = false;
        if (_columns.Length == 1)
        {
            Convert(_columns[0].Span[_from.._to], _rows);
            return;
        }

        for (var first = 0; first < _columns.Length; first += AtOnce) Turn(first, Math.Min(AtOnce, _columns.Length - first));
    }

    // A line of the cache holds the prices of eight instruments, and is written once.
    private void Turn(int first, int count)
    {
        var bars = _to - _from;
        for (var i = 0; i < count; i++) Convert(_columns[first + i].Span[_from.._to], _converted.AsSpan(i * BarsAtOnce));
        if (count < AtOnce)
        {
            for (var bar = 0; bar < bars; bar++)
            {
                for (var i = 0; i < count; i++) _rows[(bar * _stride) + first + i] = _converted[(i * BarsAtOnce) + bar];
            }

            return;
        }

        for (var bar = 0; bar < bars; bar++)
        {
            var row = _rows.AsSpan((bar * _stride) + first, AtOnce);
            var from = _converted.AsSpan(bar, ((AtOnce - 1) * BarsAtOnce) + 1);
            row[0] = from[0];
            row[1] = from[BarsAtOnce];
            row[2] = from[2 * BarsAtOnce];
            row[3] = from[3 * BarsAtOnce];
            row[4] = from[4 * BarsAtOnce];
            row[5] = from[5 * BarsAtOnce];
            row[6] = from[6 * BarsAtOnce];
            row[7] = from[7 * BarsAtOnce];
        }
    }

    private void Convert(ReadOnlySpan<double> values, Span<Price> prices)
    {
        for (var done = 0; done < values.Length; done++)
        {
            done += Price.FromDoubles(values[done..], prices[done..]);
            if (done < values.Length) prices[done] = One(values[done]);
        }
    }

    private Price One(double value)
    {
        if (double.IsNaN(value)) return default;
        if (Price.TryFromDouble(value, out var price) && price.Ticks > 0) return price;
        _anyRefused = true;
        return Refused;
    }
}
