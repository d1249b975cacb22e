using Qmtl.Core;
using Qmtl.Data;
using Qmtl.Strategies;

namespace Qmtl.Runtime;

/// <summary>One replay from its first bar to its last.</summary>
/// <remarks>
/// For each bar: what waits is filled at the open; positions are marked at the close; the strategy's targets of that close are taken (and, with
/// <see cref="FillAt.Close"/>, filled there); equity is recorded. Most bars change no target, and on those only the marks move: they are recorded as one
/// stretch between two decisions. A stretch gives the numbers its bars would give one by one.
/// </remarks>
internal sealed class ReplaySession : IDisposable
{
    private readonly MarketData _data;
    private readonly ReplayOptions _options;
    private readonly ReplayEvents _events;
    private readonly ReplayRecorder _recorder;
    private readonly TargetTrader _trader;
    private readonly Account _account;
    private readonly FillKernel _kernel;
    private readonly TargetScan _scan;
    private readonly int[] _instrumentOf;
    private readonly PriceRows _opens;
    private readonly PriceRows _closes;
    private readonly ReplayCurve _curve;

    public ReplaySession(StrategyGraph graph, int ordinal, MarketData data, ReplayOptions options)
    {
        _data = data;
        _options = options;
        var terms = new FillTerms(Rate.FromBasisPoints(options.CommissionBps), Rate.FromBasisPoints(options.SlippageBps), Rate.FromDecimal(options.Leverage));
        _account = new Account(Money.FromDecimal(options.Cash), data.Instruments.Count);
        _kernel = new FillKernel(_account, terms);
        _events = new ReplayEvents(options.EventStream);
        _recorder = new ReplayRecorder(_events, options.KeepSeries);
        _trader = new TargetTrader(_kernel, _recorder, options);
        _scan = new TargetScan(graph, ordinal);
        var ordinals = data.Instruments.Index().ToDictionary(instrument => instrument.Item, instrument => instrument.Index, StringComparer.Ordinal);
        _instrumentOf = [.. graph.Targets.Select(target => ordinals[target.Instrument])];
        _opens = new PriceRows(data, "open");
        _closes = new PriceRows(data, "close");
        _curve = new ReplayCurve(_account, _closes, data.Count, options.KeepSeries);
        _events.Opened(data.Instruments, _account.InitialCash, terms);
    }

    /// <summary>Plays the block that <paramref name="run"/> has just computed.</summary>
    public void Play(PlanRun run, int start, int length)
    {
        var decisions = _scan.Read(run, _data.Times.Slice(start, length));
        var end = start + length;
        for (var bar = start; bar < end;)
        {
            if (_trader.HasPending) _trader.Execute(_opens[bar], bar, _data.Times[bar]);

            // What still waits had no price on this bar, and is tried again on the next.
            var stop = _trader.HasPending ? bar : decisions.IsEmpty ? end - 1 : start + decisions[0].Bar;
            if (_options.Fill == FillAt.Close)
            {
                _curve.Record(bar, stop);
                _curve.Mark(stop);
                decisions = Take(decisions, start, stop);
                FillAtClose(stop);
                _curve.Record(stop, stop + 1);
            }
            else
            {
                _curve.Record(bar, stop + 1);
                decisions = Take(decisions, start, stop);
            }

            bar = stop + 1;
        }
    }

    public SessionRecord Finish()
    {
        var last = _data.Count - 1;
        if (_options.CloseAtEnd && _account.OpenPositions > 0)
        {
            for (var i = 0; i < _account.Instruments; i++) _trader.Close(i, _account.MarkOf(i), last, _data.Times[last]);
            _curve.CorrectLast();
        }

        return new SessionRecord(
            _account, _kernel, _recorder, _curve.Equity, _curve.Weights, _curve.ExposedBars, _events.Closed(_data.Count, _kernel.Fills, _account));
    }

    public void Dispose()
    {
        _events.Dispose();
        _curve.Dispose();
    }

    private ReadOnlySpan<Decision> Take(ReadOnlySpan<Decision> decisions, int start, int bar)
    {
        var taken = 0;
        for (; taken < decisions.Length && start + decisions[taken].Bar == bar; taken++)
        {
            ref readonly var decision = ref decisions[taken];
            _trader.Request(_instrumentOf[decision.Target], decision.Weight, bar, decision.Time);
        }

        return decisions[taken..];
    }

    // A fill marks at its own price, which slippage has moved; recording the bar marks it at its close.
    private void FillAtClose(int bar)
    {
        if (_trader.HasPending) _trader.Execute(_closes[bar], bar, _data.Times[bar]);
    }
}

/// <summary>What a finished session hands over to be measured, before it is disposed.</summary>
internal sealed record SessionRecord(
    Account Account, FillKernel Kernel, ReplayRecorder Recorder, ReadOnlyMemory<double> Equity, ReadOnlyMemory<double> Weights, long ExposedBars, string Digest);
