using System.Numerics;
using Qmtl.Core;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime.Tests;

/// <summary>
/// A replay as slow and as plain as its definition: one bar after the other, block length one, every mark set on every bar, and equity valued in unbounded
/// integers from what is held. Orders come from the product's trader and fill kernel; when they are asked, and what the account is worth, is written anew.
/// </summary>
internal sealed class ReferenceReplay
{
    private static readonly BigInteger TwoTo64 = BigInteger.One << 64;

    private readonly MarketData _data;
    private readonly ReplayOptions _options;
    private readonly Account _account;
    private readonly TargetTrader _trader;
    private readonly Price[] _marks;
    private readonly int[] _instrumentOf;

    private ReferenceReplay(StrategyGraph graph, MarketData data, ReplayOptions options, ReplayEvents events)
    {
        _data = data;
        _options = options;
        var terms = new FillTerms(Rate.FromBasisPoints(options.CommissionBps), Rate.FromBasisPoints(options.SlippageBps), Rate.FromDecimal(options.Leverage));
        _account = new Account(Money.FromDecimal(options.Cash), data.Instruments.Count);
        Kernel = new FillKernel(_account, terms);
        Recorder = new ReplayRecorder(events, keepFills: true);
        _trader = new TargetTrader(Kernel, Recorder, options);
        _marks = new Price[data.Instruments.Count];
        _instrumentOf = [.. graph.Targets.Select(target => data.Instruments.ToList().IndexOf(target.Instrument))];
        Equity = new double[data.Count];
        Weights = new double[data.Count];
        events.Opened(data.Instruments, _account.InitialCash, terms);
    }

    public FillKernel Kernel { get; }

    public ReplayRecorder Recorder { get; }

    public double[] Equity { get; }

    public double[] Weights { get; }

    public int Exposed { get; private set; }

    public string Digest { get; private set; } = "";

    public static ReferenceReplay Run(Strategy strategy, MarketData data, ReplayOptions options)
    {
        using var events = new ReplayEvents(null);
        var graph = strategy.Compile(data.Universe);
        var replay = new ReferenceReplay(graph, data, options, events);
        var plan = ComputePlan.For(graph);
        var binding = ColumnBinding.Bind(plan, data.Aligned);
        var run = plan.Start(blockLength: 1);
        for (var bar = 0; bar < data.Count; bar++)
        {
            binding.Load(run, bar, 1);
            run.Process(1);
            replay.Play(bar, [.. graph.Targets.Select(target => run.Values(target.Index)[0])]);
        }

        if (options.CloseAtEnd) replay.CloseAll();
        replay.Digest = events.Closed(data.Count, replay.Kernel.Fills, replay._account);
        return replay;
    }

    private void Play(int bar, double[] targets)
    {
        var time = _data.Times[bar];
        if (_trader.HasPending) _trader.Execute(Prices("open", bar), bar, time);
        Mark(bar);
        for (var i = 0; i < targets.Length; i++) _trader.Request(_instrumentOf[i], targets[i], bar, time);
        if (_options.Fill == FillAt.Close && _trader.HasPending) _trader.Execute(Prices("close", bar), bar, time);
        Mark(bar);
        Equity[bar] = ToDouble(Value(out var positions));
        if (_account.OpenPositions == 0) return;
        Exposed++;
        if (Equity[bar] > 0) Weights[bar] = ToDouble(positions) / Equity[bar];
    }

    private void CloseAll()
    {
        var last = _data.Count - 1;
        for (var i = 0; i < _marks.Length; i++)
        {
            if (!_account[i].Quantity.IsZero) _trader.Close(i, _marks[i], last, _data.Times[last]);
        }

        Equity[last] = ToDouble((BigInteger)_account.Equity.Parts);
    }

    private void Mark(int bar)
    {
        var prices = Prices("close", bar);
        for (var i = 0; i < prices.Length; i++)
        {
            if (prices[i].Ticks == 0) continue;
            _marks[i] = prices[i];
            _account.Mark(i, prices[i]);
        }
    }

    private Price[] Prices(string column, int bar) =>
        [.. _data.Aligned.Select(series => series.FindColumn(column)!.Value.Span[bar] is var price && double.IsNaN(price) ? default : Price.FromDouble(price))];

    private BigInteger Value(out BigInteger positions)
    {
        positions = BigInteger.Zero;
        for (var i = 0; i < _marks.Length; i++) positions += (BigInteger)_account[i].Quantity.Lots * _marks[i].Ticks;
        return (BigInteger)_account.Cash.Parts + positions;
    }

    /// <summary>The nearest double of the integer, ties to even, then one division: what a person means by "as a double".</summary>
    private static double ToDouble(BigInteger parts)
    {
        var magnitude = BigInteger.Abs(parts);
        var shift = Math.Max(0, (int)magnitude.GetBitLength() - 53);
        var kept = magnitude >> shift;
        var rest = (magnitude - (kept << shift)) * 2;
        var half = BigInteger.One << shift;
        if (shift > 0 && (rest > half || (rest == half && !kept.IsEven))) kept++;
        Assert.True(magnitude < TwoTo64 * TwoTo64);
        return Math.ScaleB((double)(ulong)kept, shift) / Money.PartsPerUnit * parts.Sign;
    }
}
