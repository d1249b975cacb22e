namespace Qmtl.Runtime.Tests;

/// <summary>
/// The replay of sma-cross written down a second time, from its definitions and in doubles, sharing no code with the product: one loop, sums over whole
/// windows, one symbol. Quantities are cut to 1e-8 as the product's are.
/// </summary>
internal sealed class PlainReplay
{
    private readonly PlainOptions _o;
    private double _cash;
    private double _held;
    private double _spentOnTrade;

    private PlainReplay(PlainOptions options)
    {
        _o = options;
        _cash = options.Cash;
    }

    public double Commission { get; private set; }

    public int Fills { get; private set; }

    public int Rejected { get; private set; }

    public int Exposed { get; private set; }

    public List<double> Trades { get; } = [];

    public List<double> Equity { get; } = [];

    public double Held => _held;

    public static PlainReplay Run(double[] open, double[] close, PlainOptions options)
    {
        var replay = new PlainReplay(options);
        replay.Play(open, close);
        return replay;
    }

    private void Play(double[] open, double[] close)
    {
        int? wanted = null, waiting = null, previous = null;
        var armed = _o.Entry == "level";
        for (var i = 0; i < close.Length; i++)
        {
            if (waiting is { } target)
            {
                GoTo(target, open[i]);
                waiting = null;
            }

            if (Direction(close, i) is { } direction)
            {
                if (previous is not null && previous != direction) armed = true;
                previous = direction;
                if (armed && (wanted ?? 0) != direction)
                {
                    wanted = direction;
                    if (_o.FillAtClose) GoTo(direction, close[i]);
                    else waiting = direction;
                }
            }

            if (_held != 0) Exposed++;
            if (i == close.Length - 1 && _o.CloseAtEnd) Trade(-_held, close[i]);
            Equity.Add(_cash + (_held * close[i]));
        }
    }

    private int? Direction(double[] close, int i)
    {
        if (i < Math.Max(_o.Slow, _o.Fast) - 1) return null;
        var (fast, slow) = (Mean(close, i, _o.Fast), Mean(close, i, _o.Slow));
        if (fast - slow > 1e-12 * Math.Abs(slow)) return 1;
        return _o.Short ? -1 : 0;
    }

    private static double Mean(double[] close, int last, int period)
    {
        decimal sum = 0;
        for (var i = last - period + 1; i <= last; i++) sum += (decimal)close[i];
        return (double)(sum / period);
    }

    private void GoTo(int direction, double price)
    {
        if (_held != 0) Trade(-_held, price);
        if (direction == 0) return;
        var moved = price * (1 + (direction * _o.Slippage));
        var quantity = _o.FixedSize ?? _cash / (moved * (1 + _o.Rate));
        quantity = _o.WholeUnits ? Math.Floor(quantity + 1e-9) : Math.Floor(quantity * 1e8) / 1e8;
        if (quantity * moved * (1 + _o.Rate) > _cash * (1 + 1e-12) || quantity == 0) Rejected++;
        else Trade(direction * quantity, price);
    }

    private void Trade(double quantity, double price)
    {
        if (quantity == 0) return;
        var moved = price * (1 + (Math.Sign(quantity) * _o.Slippage));
        var fee = Math.Abs(quantity) * moved * _o.Rate;
        var opens = _held == 0;
        _cash -= (quantity * moved) + fee;
        _held += quantity;
        Commission += fee;
        Fills++;
        _spentOnTrade = opens ? (quantity * moved) + fee : _spentOnTrade + (quantity * moved) + fee;
        if (!opens) Trades.Add(-_spentOnTrade);
    }
}

internal sealed record PlainOptions
{
    public int Fast { get; init; } = 10;

    public int Slow { get; init; } = 30;

    public string Entry { get; init; } = "level";

    public double Cash { get; init; } = 10_000;

    public double Rate { get; init; }

    public double Slippage { get; init; }

    public bool FillAtClose { get; init; }

    public bool Short { get; init; }

    public bool CloseAtEnd { get; init; }

    public bool WholeUnits { get; init; }

    public double? FixedSize { get; init; }
}
